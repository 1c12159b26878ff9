/**
 * # What would this send cost, and whom would it reach
 *
 * Chosen before a campaign: from which number, which template or kind of message, to which people or markets. The answer
 * is worked out by what charges afterwards. Of people it says only what the business can know: who it has never met may
 * or may not be on the network, and nothing here tells which.
 */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { Calculator, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { FormEvent } from "react";
import { estimateCalls, estimateQueries } from "@/api/estimate";
import type { Audience, Estimate as Answer, EstimateLine, Idea } from "@/api/estimate";
import { nameOf } from "@/features/billing/Caps";
import { count, money } from "@/lib/money";
import { Button, IconButton } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Field, TextArea } from "@/ui/Field";
import { Figure, Figures } from "@/ui/Figures";
import { Empty } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Category } from "@/ui/categories";
import { useManager } from "./session";

const KINDS = [
  { value: "marketing", label: "Any marketing template" },
  { value: "utility", label: "Any utility template" },
  { value: "authentication", label: "Any one-time code" },
  { value: "service", label: "A free-form message" },
];
const WHOM = [
  { value: "people", label: "People" },
  { value: "markets", label: "Markets" },
] as const;
/** Numbers of one estimate. */
const NUMBERS_MAX = 10_000;

type Row = { key: number; market: string; messages: string };

/** Phone numbers out of what somebody pasted: a column of a table, a list, lines with names behind. */
export function numbersIn(text: string): string[] {
  const found = text.split(/[\n\r,;\t]+/).map((part) => part.replaceAll(/[^\d+]/g, ""));
  return [...new Set(found.filter((part) => part.replaceAll("+", "").length >= 5).map((part) => (part.startsWith("+") ? part : `+${part.replace(/^00/, "")}`)))];
}

export function Estimate() {
  const { token, account, queries } = useManager();
  const numbers = useQuery(queries.numbers(account.id));
  const templates = useInfiniteQuery(queries.templates(account.id, { status: undefined, name: undefined }));
  const markets = useQuery(estimateQueries(token).markets());
  const [number, setNumber] = useState("");
  const [what, setWhat] = useState("marketing");
  const [whom, setWhom] = useState<"people" | "markets">("people");
  const [text, setText] = useState("");
  const [rows, setRows] = useState<Row[]>([{ key: 0, market: "", messages: "1000" }]);
  const ask = useMutation({ mutationFn: (idea: Idea) => estimateCalls(token).estimate(idea) });
  const from = number === "" ? (numbers.data?.[0]?.id ?? "") : number;
  const people = numbersIn(text);
  const firstMarket = markets.data?.[0] ?? "";

  function submit(event: FormEvent): void {
    event.preventDefault();
    const idea: Idea = { phone_number_id: from };
    if (KINDS.some((kind) => kind.value === what)) idea.category = what;
    else idea.template_id = what;
    if (whom === "people") idea.to = people;
    else idea.markets = rows.map((row) => ({ market: row.market === "" ? firstMarket : row.market, messages: Number(row.messages) }));
    ask.mutate(idea);
  }

  const isWrong = (row: Row): boolean => !/^\d{1,9}$/.test(row.messages.trim());
  const tooMany = people.length > NUMBERS_MAX;
  const isReady = from !== "" && (whom === "people" ? people.length > 0 && !tooMany : rows.every((row) => !isWrong(row)));
  const known = templates.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <PageHead title="Estimate" note="What a send would cost, and whom it would reach. Nothing is sent, and nothing is set aside." />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
        <form className="grid gap-4 rounded-14 border bg-surface px-4 py-4" noValidate onSubmit={submit}>
          <Select label="From" value={from} options={(numbers.data ?? []).map((each) => ({ value: each.id, label: each.display_phone_number }))} onChange={setNumber} />
          <Select label="What" value={what} options={[...KINDS, ...known.map((each) => ({ value: each.id, label: `${each.name} (${each.language})` }))]} onChange={setWhat} />
          <Segments label="To" value={whom} options={WHOM} onChange={setWhom} />
          {whom === "people" ? (
            <People text={text} onText={setText} found={people.length} tooMany={tooMany} />
          ) : (
            <Markets rows={rows} markets={markets.data ?? []} isWrong={isWrong} onRows={setRows} />
          )}
          {ask.error && (
            <p role="alert" className="text-13 text-bad">
              {ask.error.message}
            </p>
          )}
          <Button kind="solid" type="submit" disabled={!isReady || ask.isPending}>
            {ask.isPending ? "Working it out…" : "Estimate"}
          </Button>
        </form>
        <div aria-live="polite">
          {ask.data ? (
            <Result answer={ask.data} />
          ) : (
            <div className="rounded-14 border bg-surface">
              <Empty icon={<Calculator size={30} strokeWidth={1.5} />} title="Nothing estimated yet">
                Paste the numbers that you would write to, or say how many in each market.
              </Empty>
            </div>
          )}
        </div>
      </div>
    </>
  );
}

function People({ text, onText, found, tooMany }: { text: string; onText: (text: string) => void; found: number; tooMany: boolean }) {
  async function pick(file: File | undefined): Promise<void> {
    if (file) onText(await file.text());
  }
  return (
    <>
      <TextArea label="Phone numbers" rows={6} className="font-mono text-13" value={text} placeholder={"+49 1511 2345678\n+351 912 345 678"} hint={`${count(found)} found. With the country code, one on each line or separated by commas.`} error={tooMany ? `At most ${count(NUMBERS_MAX)} at once.` : null} onChange={(event) => onText(event.target.value)} />
      <label className="grid gap-1.5 text-13 font-medium">
        Or a file with them
        <input type="file" accept=".csv,.txt,text/plain,text/csv" className="text-13 font-normal file:me-3 file:h-8 file:rounded-8 file:border file:bg-raised file:px-3" onChange={(event) => void pick(event.target.files?.[0])} />
      </label>
    </>
  );
}

function Markets({ rows, markets, isWrong, onRows }: { rows: readonly Row[]; markets: readonly string[]; isWrong: (row: Row) => boolean; onRows: (rows: Row[]) => void }) {
  const change = (key: number, next: Partial<Row>): void => onRows(rows.map((row) => (row.key === key ? { ...row, ...next } : row)));
  return (
    <fieldset className="grid gap-3">
      <legend className="sr-only">Markets</legend>
      {rows.map((row, n) => (
        <div key={row.key} className="flex items-end gap-2">
          <Select label={`Market ${n + 1}`} value={row.market === "" ? (markets[0] ?? "") : row.market} options={markets.map((market) => ({ value: market, label: market }))} onChange={(market) => change(row.key, { market })} className="min-w-0 grow" />
          <div className="w-28 shrink-0">
            <Field label="Messages" inputMode="numeric" autoComplete="off" value={row.messages} error={isWrong(row) ? "A whole number." : null} onChange={(event) => change(row.key, { messages: event.target.value })} />
          </div>
          {rows.length > 1 && (
            <IconButton label={`Take away market ${n + 1}`} onClick={() => onRows(rows.filter((each) => each.key !== row.key))}>
              <Trash2 size={15} />
            </IconButton>
          )}
        </div>
      ))}
      <div>
        <Button small onClick={() => onRows([...rows, { key: Math.max(...rows.map((row) => row.key)) + 1, market: "", messages: "1000" }])}>
          <Plus size={15} aria-hidden="true" />
          Another market
        </Button>
      </div>
    </fieldset>
  );
}

const FREE: Record<string, string> = {
  free_customer_service: "free: they wrote within 24 hours, or within the free quantity",
  free_entry_point: "free: they came by an ad or a page button",
  free_group_customer_service: "free in the group",
};

const columns = (currency: string): Column<EstimateLine>[] => [
  { head: "Market", text: (row) => row.market, cell: (row) => <span className="font-medium">{row.market}</span> },
  { head: "Category", wide: true, text: (row) => row.category, cell: (row) => <Category name={row.category} /> },
  { head: "Price of one", end: true, text: (row) => row.unit_micros, cell: (row) => (row.pricing_type === "regular" ? money(row.unit_micros, currency, "exact") : <span className="text-muted">free</span>) },
  { head: "Tier", wide: true, text: (row) => row.tier ?? "", cell: (row) => row.tier ?? <span className="text-faint">–</span> },
  { head: "Messages", end: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
  { head: "Cost", end: true, text: (row) => row.amount_micros, cell: (row) => <span title={FREE[row.pricing_type]}>{money(row.amount_micros, currency)}</span> },
];

function Result({ answer }: { answer: Answer }) {
  const { currency } = answer;
  const free = answer.lines.filter((line) => line.amount_micros === 0).reduce((sum, line) => sum + line.messages, 0);
  return (
    <>
      <Section title="Cost">
        <Figures>
          <Figure large name="It would cost" value={money(answer.amount_micros, currency)} note="if it were delivered now" />
          <Figure name="Set aside" value={money(answer.most_micros, currency)} note="at most, until it is delivered" />
          <Figure name="Messages" value={count(answer.messages)} note={free === 0 ? "none of them free" : `${count(free)} of them free`} />
          <Figure name="Can be spent" value={money(answer.available_micros, currency)} note={answer.is_affordable ? "enough" : "not enough"} />
        </Figures>
      </Section>
      <Verdict answer={answer} />
      {answer.audience && (
        <Section title="Whom it would reach">
          <Reached audience={answer.audience} limit={answer.messaging_limit} category={answer.category} />
        </Section>
      )}
      <Section title="By market and price">
        <DataTable
          label="Estimate by market and price"
          columns={columns(currency)}
          rows={answer.lines}
          rowKey={(row) => `${row.market} ${row.category} ${row.pricing_type} ${row.tier ?? ""} ${row.unit_micros}`}
          error={null}
          onRetry={() => undefined}
          empty={<p className="px-4 py-3 text-muted">Nothing would be sent.</p>}
        />
      </Section>
    </>
  );
}

/** Whether it could be sent, and what stands against it. */
function Verdict({ answer }: { answer: Answer }) {
  const { currency } = answer;
  const against: string[] = [];
  if (answer.standing === "suspended" && answer.most_micros > 0) against.push("Invoices are overdue: nothing that costs is sent until they are paid.");
  if (answer.most_micros > answer.available_micros) against.push(`${money(answer.most_micros - answer.available_micros, currency)} are missing. Top up before you send.`);
  for (const cap of answer.caps.filter((each) => each.is_exceeded && each.action === "block")) {
    against.push(`The cap does not leave room: ${nameOf(cap)}, ${money(cap.spent_micros, currency)} of ${money(cap.limit_micros, currency)} are used.`);
  }
  if (answer.template && answer.template.status !== "APPROVED") against.push(`The template is not approved: it is ${answer.template.status.toLowerCase()}.`);
  const places = answer.audience?.places ?? 0;
  const { people, people_max: most } = answer.messaging_limit;
  if (people !== null && most !== null && places > most - people) against.push(`${count(Math.max(0, most - people))} more people can be written to first within 24 hours, and ${count(places)} would be.`);
  if (answer.unpriced > 0) against.push(`${count(answer.unpriced)} have no price and would be refused.`);
  return (
    <Section title="Could it be sent now?">
      {against.length === 0 ? (
        <p className="rounded-14 border bg-surface px-4 py-3">
          <Tag tone="good">Yes</Tag> <span className="ms-2">Balance and caps have room for all of it.</span>
        </p>
      ) : (
        <ul className="grid gap-2 rounded-14 border bg-surface px-4 py-3">
          {against.map((why) => (
            <li key={why} className="flex items-start gap-2">
              <Tag tone="bad">No</Tag>
              <span className="min-w-0 pt-0.5">{why}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Reached({ audience, limit, category }: { audience: Audience; limit: Answer["messaging_limit"]; category: string }) {
  const rows: [string, number, string][] = [
    ["Different numbers", audience.people, ""],
    ["You have met", audience.known, "they wrote to you, or you to them"],
    ["Inside their 24 hours", audience.in_service_window, "they wrote to you within a day"],
    ["Came by an ad or button", audience.in_free_entry_point, "everything is free for 72 hours"],
    ["Stopped your advertising", audience.stopped, "they would not be written to"],
    ["Did not write within a day", audience.window_closed, "free-form messages do not reach them: send a template"],
    ["Blocked by you", audience.blocked, "they get the message, and you do not get their answers"],
    ["You have not met", audience.unknown, category === "service" ? "free-form messages do not reach them" : "whether they are on the network shows when you write; who is not costs nothing"],
    ["Your own number", audience.own, "left out"],
  ];
  return (
    <>
      <Pairs framed>
        {rows
          .filter(([, people], n) => people > 0 || n === 0)
          .map(([name, people, note]) => (
            <Pair key={name} name={name}>
              <span className="font-medium tabular">{count(people)}</span> {note !== "" && <span className="text-muted">{note}</span>}
            </Pair>
          ))}
        {limit.people_max !== null && (
          <Pair name="Written to first">
            <span className="font-medium tabular">{count(audience.places)}</span> <span className="text-muted">new people; {count(limit.people ?? 0)} of {count(limit.people_max)} within 24 hours are used</span>
          </Pair>
        )}
      </Pairs>
      <p className="mt-2 text-13 text-muted">People may have got enough advertising from others: such a message is refused, and costs nothing.</p>
    </>
  );
}
