/** One message's life: each step, every webhook that told of it, and why it cost what it cost. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, CheckCheck, CircleX, Eye, Inbox, Send } from "lucide-react";
import type { ReactNode } from "react";
import type { LifeStep, MessageLife as Life, MessageState, Told } from "@/api/manager";
import { money } from "@/lib/money";
import { readableNumber } from "@/lib/number";
import { exact } from "@/lib/time";
import { CopyButton, Id } from "@/ui/CopyButton";
import { DeliveryTag } from "@/ui/Deliveries";
import { Json } from "@/ui/Json";
import { Reasons } from "@/ui/Price";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Category } from "@/ui/categories";
import { Direction, MessageTag, kindOf } from "./Messages";
import { Back } from "./Back";
import { useManager } from "./session";

const STEPS: Record<MessageState, { icon: ReactNode; out: string; in: string }> = {
  received: { icon: <Inbox size={16} />, out: "", in: "Received, and put into the queue of your webhooks" },
  sent: { icon: <Check size={16} />, out: "Accepted: its price is held, and it lies in the person's mailbox", in: "" },
  delivered: { icon: <CheckCheck size={16} />, out: "Delivered: a device of the person has it. Now it is charged", in: "" },
  read: { icon: <Eye size={16} />, out: "Read by the person", in: "You showed the person that you read it" },
  failed: { icon: <CircleX size={16} />, out: "Given up: nothing is charged, and what was held is free again", in: "" },
};

export function MessageLife({ messageId }: { messageId: string }) {
  const { queries } = useManager();
  const query = useQuery(queries.message(messageId));
  return (
    <div className="max-w-4xl">
      <Back to="/manager/messages">Messages</Back>
      {query.data ? <Shown life={query.data} /> : query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />}
    </div>
  );
}

function Shown({ life }: { life: Life }) {
  const { person, price } = life;
  return (
    <>
      <header className="mb-6 flex flex-wrap items-end gap-x-6 gap-y-3">
        <div className="min-w-0 grow">
          <p className="flex items-center gap-2 text-muted">
            <Direction direction={life.direction} />
            {exact(life.at * 1000)}
          </p>
          <h1 className="mt-1 text-28 font-semibold tracking-tight">{kindOf(life)}</h1>
          {person && (
            <p className="mt-1 flex flex-wrap items-center text-muted">
              {life.direction === "out" ? "to" : "from"} {person.name}, <span className="ms-1 tabular">{readableNumber(person.number)}</span>
              <CopyButton text={person.number} what="the person's number" />
            </p>
          )}
        </div>
        <div className="text-end max-sm:text-start">
          <MessageTag state={life.status} />
          {price && <div className="mt-1 text-20 font-semibold text-accent-text tabular">{money(price.charge.amount_micros, price.charge.currency, "exact")}</div>}
        </div>
      </header>
      <Section title="What happened">
        <ol className="rounded-14 border bg-surface px-4 py-4">
          {life.steps.map((step, n) => (
            <Step key={step.status} step={step} direction={life.direction} last={n === life.steps.length - 1} since={n === 0 ? null : step.at_micros - (life.steps[0]?.at_micros ?? 0)} />
          ))}
        </ol>
      </Section>
      {price ? (
        <Reasons explanation={price} title="Why this price" />
      ) : (
        <Section title="Price">
          <p className="rounded-14 border bg-surface px-4 py-3 text-muted">
            {life.direction === "in" ? "What people write to you costs nothing." : life.category === null ? "A message of this kind has no price." : "Nothing is charged until it is delivered."}
          </p>
        </Section>
      )}
      <Section title="Related">
        <Pairs framed>
          <Pair name="Message"><Id value={life.message_id} what="message id" /></Pair>
          {person && (
            <Pair name="Person">
              <Link to="/manager/messages" search={{ person: person.number }} className="text-accent-text hover:underline">
                All messages with {person.name}
              </Link>
            </Pair>
          )}
          {life.template && (
            <Pair name="Template">
              <Link to="/manager/templates/$templateId" params={{ templateId: life.template.id }} className="font-mono text-13 text-accent-text hover:underline">
                {life.template.name}
              </Link>
            </Pair>
          )}
          {life.category !== null && <Pair name="Category"><Category name={life.category} /></Pair>}
          <Pair name="Phone number id"><Id value={life.phone_number_id} what="phone number id" /></Pair>
        </Pairs>
      </Section>
      <Section title="As JSON">
        <Json value={life} label="JSON of the message" />
      </Section>
    </>
  );
}

/** `+1.2 s`, `+3 min`: how long after the beginning. */
function later(micros: number): string {
  const seconds = micros / 1_000_000;
  if (seconds < 60) return `+${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;
  return seconds < 3600 ? `+${Math.round(seconds / 60)} min` : `+${Math.round(seconds / 3600)} h`;
}

function Step({ step, direction, last, since }: { step: LifeStep; direction: "in" | "out"; last: boolean; since: number | null }) {
  const { icon, ...says } = STEPS[step.status];
  return (
    <li className="grid grid-cols-[1.75rem_minmax(0,1fr)] gap-x-3">
      <div className="flex flex-col items-center" aria-hidden="true">
        <span className={step.status === "failed" ? "flex size-7 items-center justify-center rounded-full bg-bad-soft text-bad" : "flex size-7 items-center justify-center rounded-full bg-accent-soft text-accent-text"}>{icon}</span>
        {!last && <span className="my-1 w-px grow bg-line-strong" />}
      </div>
      <div className={last ? "pt-1" : "pt-1 pb-5"}>
        <div className="flex flex-wrap items-baseline gap-x-3">
          <span className="grow font-medium">{says[direction]}</span>
          <time className="text-13 text-muted tabular" dateTime={new Date(step.at_micros / 1000).toISOString()} title={exact(step.at * 1000)}>
            {since === null ? exact(step.at * 1000) : later(since)}
          </time>
        </div>
        {step.webhooks.length === 0 ? (
          step.status !== "read" || direction === "out" ? <p className="mt-1 text-13 text-faint">No webhook was to be told of it, or it is forgotten by now.</p> : null
        ) : (
          <ul className="mt-2 grid gap-2">
            {step.webhooks.map((told) => (
              <Webhook key={told.delivery_id} told={told} />
            ))}
          </ul>
        )}
      </div>
    </li>
  );
}

function Webhook({ told }: { told: Told }) {
  return (
    <li>
      <Link to="/manager/webhooks" search={{ delivery: told.delivery_id }} className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-8 border bg-canvas px-3 py-2 transition-colors duration-150 hover:bg-sunken">
        <Send size={14} className="text-faint" aria-hidden="true" />
        <span className="min-w-0 grow truncate font-mono text-12">{told.url}</span>
        <span className="text-13 text-muted tabular">
          {told.attempts} {told.attempts === 1 ? "call" : "calls"}
        </span>
        <DeliveryTag state={told.state} />
        {told.error !== null && <span className="w-full text-13 text-bad">{told.error}</span>}
      </Link>
    </li>
  );
}
