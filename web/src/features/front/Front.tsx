/**
 * # The front page
 *
 * Says what this is in two sentences, shows the square, and opens the doors: the messenger and the console always, the
 * demo's people and businesses where there are any.
 */
import { Link } from "@tanstack/react-router";
import { ArrowRight, ChartNoAxesColumn, LockKeyhole, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import type { Resident, World } from "@/api/demo";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { buttonLook } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Mark } from "@/ui/Mark";
import { Square } from "@/ui/Square";
import { ThemeSwitch } from "@/ui/ThemeSwitch";

export function Front({ world }: { world: World | null }) {
  return (
    <div className="mx-auto flex min-h-dvh max-w-6xl flex-col px-5 sm:px-8">
      <header className="flex items-center gap-2.5 py-5">
        <Mark className="size-7" />
        <span className="grow text-20 font-semibold tracking-tight">Plaza</span>
        <nav aria-label="Pages" className="me-2 hidden items-center gap-1 sm:flex">
          <Link to="/chat" className={buttonLook("bare", true)}>
            Messenger
          </Link>
          <Link to="/manager" className={buttonLook("bare", true)}>
            Manager
          </Link>
          <Link to="/operator" className={buttonLook("bare", true)}>
            Operator
          </Link>
        </nav>
        <ThemeSwitch />
      </header>
      <main className="grow">
        <Hero world={world} />
        {world && <OnTheSquare world={world} />}
        <Parts />
        <ForDevelopers world={world} />
      </main>
      <footer className="flex flex-wrap gap-x-6 gap-y-2 border-t py-6 text-13 text-muted">
        <span className="grow">Open source, Apache-2.0 or MIT.</span>
        <a href="/readyz" className="hover:text-ink">
          Health
        </a>
        <a href="/metrics" className="hover:text-ink">
          Metrics
        </a>
      </footer>
    </div>
  );
}

function Hero({ world }: { world: World | null }) {
  const business = world?.businesses[0];
  return (
    <section className="grid items-center gap-8 py-6 lg:grid-cols-[1.2fr_1fr] lg:gap-12 lg:py-10">
      <div>
        <h1 className="text-display font-semibold tracking-[-0.035em] text-balance">
          People talk free. <span className="text-accent-text">Businesses pay to be heard.</span>
        </h1>
        <p className="mt-5 max-w-[46ch] text-16 text-pretty text-muted">
          A square is free to walk into; the shops around it pay for their stands. Plaza is a messaging network built that way: private for people, priced by the message for businesses, and everyone can check the bill.
        </p>
        <div className="mt-7 flex flex-wrap gap-3">
          <Link to="/chat" className={buttonLook("solid")}>
            Open the messenger
            <ArrowRight size={16} className="rtl:rotate-180" aria-hidden="true" />
          </Link>
          {business && (
            <Link to="/chat" search={{ to: business.number }} className={buttonLook()}>
              Message {business.name}
            </Link>
          )}
          <Link to="/operator" className={buttonLook()}>
            Operator console
          </Link>
        </div>
      </div>
      <Square className="aspect-[5/4] w-full rounded-14 border max-lg:aspect-[16/9]" />
    </section>
  );
}

function OnTheSquare({ world }: { world: World }) {
  return (
    <section aria-labelledby="residents" className="border-t py-10">
      <h2 id="residents" className="text-20 font-semibold tracking-tight">
        On the square today
      </h2>
      <p className="mt-1 text-muted">They are real clients with keys of their own, and they answer.</p>
      <ul className="mt-5 grid gap-px overflow-hidden rounded-14 border bg-line sm:grid-cols-2 lg:grid-cols-4">
        {world.businesses.map((each) => (
          <Card key={each.number} resident={each} business />
        ))}
        {world.people.map((each) => (
          <Card key={each.number} resident={each} business={false} />
        ))}
      </ul>
    </section>
  );
}

function Card({ resident, business }: { resident: Resident; business: boolean }) {
  return (
    <li className="flex flex-col gap-3 bg-surface p-5">
      <div className="flex items-center gap-3">
        <Avatar id={resident.number} name={resident.name} business={business} size={42} />
        <div className="min-w-0">
          <h3 className="truncate font-semibold">{resident.name}</h3>
          <p className="flex items-center text-13 text-muted tabular">
            <span className="truncate">{readableNumber(resident.number)}</span>
            <CopyButton text={resident.number} what={`the number of ${resident.name}`} />
          </p>
        </div>
      </div>
      <p className="grow text-pretty text-muted">{resident.about}</p>
      <Link to="/chat" search={{ to: resident.number }} aria-label={`Write to ${resident.name}`} className="inline-flex h-7 items-center gap-1.5 self-start font-medium text-accent-text hover:underline">
        Write
        <ArrowRight size={15} className="rtl:rotate-180" aria-hidden="true" />
      </Link>
    </li>
  );
}

function Parts() {
  return (
    <section aria-label="What is in it" className="grid gap-8 border-t py-10 md:grid-cols-3">
      <Part icon={<LockKeyhole size={20} strokeWidth={1.75} />} title="A private messenger">
        End-to-end encrypted with MLS and a post-quantum key exchange. Keys are made in your browser and stay there; the server keeps an encrypted copy until it is delivered, and no longer.
      </Part>
      <Part icon={<Webhook size={20} strokeWidth={1.75} />} title="A business API that you know">
        The messages, templates and webhooks of the Cloud API at another base URL. A webhook is never lost: each attempt can be seen, and sent again.
      </Part>
      <Part icon={<ChartNoAxesColumn size={20} strokeWidth={1.75} />} title="A bill that adds up">
        A message is charged once, when it is delivered. Each charge can be followed to its price, its market and its ledger transfers.
      </Part>
    </section>
  );
}

function Part({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <div>
      <span className="text-accent-text" aria-hidden="true">
        {icon}
      </span>
      <h2 className="mt-3 text-16 font-semibold">{title}</h2>
      <p className="mt-1.5 text-pretty text-muted">{children}</p>
    </div>
  );
}

function ForDevelopers({ world }: { world: World | null }) {
  const to = world?.people[0]?.number ?? "+49151…";
  const command = [
    `curl ${location.origin}/v23.0/$PHONE_NUMBER_ID/messages \\`,
    `  -H "Authorization: Bearer $ACCESS_TOKEN" -H "Content-Type: application/json" \\`,
    `  -d '{"messaging_product": "whatsapp", "to": "${to}",`,
    `       "type": "text", "text": {"body": "Your bread is ready."}}'`,
  ].join("\n");
  return (
    <section aria-labelledby="developers" className="grid items-center gap-6 border-t py-10 lg:grid-cols-[1fr_1.7fr] lg:gap-12">
      <div>
        <h2 id="developers" className="text-20 font-semibold tracking-tight">
          For developers
        </h2>
        <p className="mt-1.5 text-pretty text-muted">
          Point an SDK that you use already to this address. <code className="font-mono text-13">plaza business create</code> prints the two values.
        </p>
        <Link to="/manager" className="mt-3 inline-flex h-7 items-center gap-1.5 font-medium text-accent-text hover:underline">
          Templates, webhooks and every message, in the manager
          <ArrowRight size={15} className="rtl:rotate-180" aria-hidden="true" />
        </Link>
      </div>
      <div className="relative min-w-0 rounded-14 border bg-surface">
        <CopyButton text={command} what="command" className="absolute end-2.5 top-2.5" />
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- wide text that scrolls must be reachable by keyboard */}
        <pre tabIndex={0} aria-label="An example call" className="scroll-quiet overflow-x-auto p-5 pe-12 font-mono text-12 leading-5">
          {command}
        </pre>
      </div>
    </section>
  );
}
