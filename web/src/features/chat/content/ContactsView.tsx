/** People's cards: call, write, copy, and message those who are on Plaza. */
import { Link } from "@tanstack/react-router";
import { MessageSquareText, Phone } from "lucide-react";
import { Fragment } from "react";
import type { ReactNode } from "react";
import type { CardAddress, CardEntry, ContactCard } from "@/core/content";
import { readableNumber } from "@/lib/number";
import { telephone, webAddress } from "@/lib/web";
import { Avatar } from "@/ui/Avatar";
import { CopyButton } from "@/ui/CopyButton";
import { CONTROL } from "@/ui/message";

/** How many entries a card shows before it is opened. */
const ENTRIES_SHOWN = 2;

function nameOf(card: ContactCard): string {
  return card.formatted_name || [card.first_name, card.last_name].filter((each) => each !== "").join(" ") || "Contact";
}

export function ContactsView({ cards, meta }: { cards: readonly ContactCard[]; meta: ReactNode }) {
  return (
    <>
      <ul className="divide-y">
        {cards.map((card, n) => (
          <Card key={n} card={card} />
        ))}
      </ul>
      <div className="flow-root px-3 pb-2">{meta}</div>
    </>
  );
}

function Card({ card }: { card: ContactCard }) {
  const name = nameOf(card);
  const work = [card.org?.title, card.org?.department, card.org?.company].filter((each) => each).join(", ");
  const entries = [
    ...card.phones.map((entry) => <PhoneEntry key={`p${entry.value}`} entry={entry} />),
    ...card.emails.map((entry) => <Entry key={`e${entry.value}`} entry={entry} href={`mailto:${encodeURIComponent(entry.value).replace("%40", "@")}`} what="e-mail address" />),
    ...card.urls.map((entry) => <Entry key={`u${entry.value}`} entry={entry} href={webAddress(entry.value)} what="web address" />),
    ...card.addresses.map((address, n) => <Address key={`a${n}`} address={address} />),
    ...(card.birthday === "" ? [] : [<Line key="b" kind="Birthday" value={card.birthday} />]),
  ];
  const onPlaza = card.phones.find((entry) => entry.wa_id !== "");
  return (
    <li className="w-72 max-w-full">
      <div className="flex items-center gap-3 px-3 pt-2.5">
        <Avatar id={card.phones[0]?.value ?? name} name={name} business={false} size={40} />
        <div className="min-w-0">
          <div className="font-semibold">{name}</div>
          {work !== "" && <div className="truncate text-13 opacity-90">{work}</div>}
        </div>
      </div>
      <dl className="grid gap-1 px-3 py-2 text-13">{entries.slice(0, ENTRIES_SHOWN)}</dl>
      {entries.length > ENTRIES_SHOWN && (
        <details className="group/card px-3 pb-2 text-13">
          <summary className="inline-flex min-h-6 cursor-pointer items-center rounded-4 font-medium underline underline-offset-2 group-open/card:hidden">
            {entries.length - ENTRIES_SHOWN} more
          </summary>
          <dl className="grid gap-1">{entries.slice(ENTRIES_SHOWN).map((entry, n) => <Fragment key={n}>{entry}</Fragment>)}</dl>
        </details>
      )}
      {onPlaza && (
        <div className="border-y">
          <Link to="/chat" search={{ to: `+${onPlaza.wa_id.replace(/\D/g, "")}` }} aria-label={`Message ${name}`} className={CONTROL}>
            <MessageSquareText size={15} aria-hidden="true" />
            Message
          </Link>
        </div>
      )}
    </li>
  );
}

function kindWords(kind: string): string {
  return kind === "" ? "" : kind.charAt(0).toLocaleUpperCase() + kind.slice(1).toLocaleLowerCase();
}

function Line({ kind, value, href = null, children }: { kind: string; value: string; href?: string | null; children?: ReactNode }) {
  return (
    <div className="flex items-center gap-1">
      <dt className="sr-only">{kind || "Entry"}</dt>
      <dd className="flex min-w-0 grow items-center gap-1">
        {href === null ? (
          <span className="min-w-0 wrap-anywhere">{value}</span>
        ) : (
          <a href={href} {...(href.startsWith("http") ? { target: "_blank", rel: "noopener noreferrer" } : {})} className="inline-flex min-h-6 min-w-0 items-center wrap-anywhere underline decoration-1 underline-offset-2">
            {value}
          </a>
        )}
        {kind !== "" && <span className="opacity-80" aria-hidden="true">{kind}</span>}
        <span className="ms-auto flex">{children}</span>
      </dd>
    </div>
  );
}

function PhoneEntry({ entry }: { entry: CardEntry }) {
  return (
    <Line kind={kindWords(entry.kind) || "Phone"} value={readableNumber(entry.value.replace(/[\s()-]/g, ""))}>
      <a href={telephone(entry.value)} aria-label={`Call ${entry.value}`} title="Call" className="inline-flex size-6 items-center justify-center rounded-4 hover:bg-sunken">
        <Phone size={13} />
      </a>
      <CopyButton text={entry.value} what="number" className="!text-inherit" />
    </Line>
  );
}

function Entry({ entry, href, what }: { entry: CardEntry; href: string | null; what: string }) {
  return (
    <Line kind={kindWords(entry.kind)} value={entry.value} href={href}>
      <CopyButton text={entry.value} what={what} className="!text-inherit" />
    </Line>
  );
}

function Address({ address }: { address: CardAddress }) {
  const text = [address.street, [address.zip, address.city].filter((each) => each !== "").join(" "), address.state, address.country].filter((each) => each !== "").join(", ");
  return (
    <Line kind={kindWords(address.kind)} value={text}>
      <CopyButton text={text} what="address" className="!text-inherit" />
    </Line>
  );
}
