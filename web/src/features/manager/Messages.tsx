/**
 * # The log of messages
 *
 * Everything that went out and came in, narrowed by number, person, direction, state, category and age. What was said is
 * not here: the log does not have it.
 */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, Download, MessagesSquare, X } from "lucide-react";
import type { LoggedMessage, MessageState } from "@/api/manager";
import { money } from "@/lib/money";
import { normalizeNumber, readableNumber } from "@/lib/number";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { More } from "@/ui/More";
import { Empty } from "@/ui/Problem";
import { Search } from "@/ui/Search";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { Category, words } from "@/ui/categories";
import { useNumber } from "./useNumber";
import { Refusals } from "./Refusals";
import { useManager } from "./session";

export const MESSAGE_STATES = ["received", "sent", "delivered", "read", "failed"] as const;
export const MESSAGE_PERIODS = ["day", "week", "month"] as const;

/** What narrows the log; all of it stands in the address. */
export type LogSearch = {
  number?: string;
  person?: string;
  direction?: "in" | "out";
  status?: MessageState;
  category?: string;
  period?: (typeof MESSAGE_PERIODS)[number];
};

const DAYS = { day: 1, week: 7, month: 30 } as const;
const DAY_S = 86_400;

/** The begin of a period, which stands still for a quarter of an hour: the list keeps its pages meanwhile. */
function sinceOf(period: LogSearch["period"]): number | undefined {
  if (period === undefined) return undefined;
  const now = Math.floor(Date.now() / 900_000) * 900;
  return now - DAYS[period] * DAY_S;
}

export function MessageTag({ state }: { state: MessageState }) {
  const tone = state === "failed" ? "bad" : state === "delivered" || state === "read" ? "good" : state === "sent" ? "attention" : "plain";
  return <Tag tone={tone}>{state === "sent" ? "On its way" : words(state)}</Tag>;
}

export function Direction({ direction }: { direction: "in" | "out" }) {
  const out = direction === "out";
  return (
    <span className="inline-flex items-center gap-1.5 text-muted">
      {out ? <ArrowUpRight size={15} aria-hidden="true" /> : <ArrowDownLeft size={15} className="text-accent-text" aria-hidden="true" />}
      {out ? "Out" : "In"}
    </span>
  );
}

export function kindOf(message: LoggedMessage): string {
  return message.template === null ? words(message.kind) : `Template ${message.template.name}`;
}

const COLUMNS: Column<LoggedMessage>[] = [
  { head: "When", text: (row) => new Date(row.at * 1000).toISOString(), cell: (row) => <Time at={row.at} /> },
  { head: "Way", text: (row) => row.direction, cell: (row) => <Direction direction={row.direction} /> },
  {
    head: "Person",
    text: (row) => row.person?.number ?? "",
    cell: (row) =>
      row.person ? (
        <span>
          <span className="font-medium">{row.person.name}</span> <span className="text-muted tabular max-sm:hidden">{readableNumber(row.person.number)}</span>
        </span>
      ) : (
        <span className="text-faint">Unknown</span>
      ),
  },
  { head: "Kind", text: kindOf, cell: (row) => <span className="block max-w-[14rem] truncate">{kindOf(row)}</span> },
  { head: "State", text: (row) => row.status, cell: (row) => <MessageTag state={row.status} /> },
  { head: "Category", wide: true, text: (row) => row.category ?? "", cell: (row) => (row.category === null ? <span className="text-faint">–</span> : <Category name={row.category} />) },
  { head: "Charged", end: true, wide: true, text: (row) => (row.charge ? `${row.charge.currency} ${row.charge.amount_micros / 1_000_000}` : ""), cell: (row) => (row.charge ? money(row.charge.amount_micros, row.charge.currency, "exact") : <span className="text-faint">–</span>) },
  { head: "Message id", wide: true, text: (row) => row.message_id, cell: (row) => <Id value={row.message_id} what="message id" /> },
];

export function Messages({ search }: { search: LogSearch }) {
  const { queries } = useManager();
  const navigate = useNavigate();
  const { numbers } = useNumber(search.number);
  const list = useInfiniteQuery(
    queries.messages({ phone_number_id: search.number, person: search.person, direction: search.direction, status: search.status, category: search.category, since: sinceOf(search.period) }),
  );
  const rows = list.data?.pages.flatMap((page) => page.data);
  const narrowed = Object.keys(search).length > 0;

  /** An empty choice is no choice. */
  function show(change: { [Name in keyof LogSearch]: string }): void {
    const next = Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, value]) => value !== "" && value !== undefined)) as LogSearch;
    void navigate({ to: "/manager/messages", search: next, replace: true });
  }

  return (
    <>
      <PageHead title="Messages" note="What went out and what came in, and how far each has come. What was said is not in it.">
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable("messages", COLUMNS, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      <Refusals />
      <div className="mb-3 flex flex-wrap items-center gap-2">
        {(numbers?.length ?? 0) > 1 && (
          <Select label="Number" hideLabel value={search.number ?? ""} options={[{ value: "", label: "All numbers" }, ...(numbers ?? []).map((each) => ({ value: each.id, label: each.verified_name }))]} onChange={(number) => show({ number })} />
        )}
        <Select label="Way" hideLabel value={search.direction ?? ""} options={[{ value: "", label: "Both ways" }, { value: "out", label: "Out" }, { value: "in", label: "In" }]} onChange={(direction) => show({ direction })} />
        <Select
          label="State"
          hideLabel
          value={search.status ?? ""}
          options={[{ value: "", label: "Any state" }, ...MESSAGE_STATES.map((state) => ({ value: state, label: state === "sent" ? "On its way" : words(state) }))]}
          onChange={(status) => show({ status })}
        />
        <Select
          label="Category"
          hideLabel
          value={search.category ?? ""}
          options={[{ value: "", label: "Any category" }, ...["marketing", "utility", "authentication", "service"].map((each) => ({ value: each, label: words(each) }))]}
          onChange={(category) => show({ category })}
        />
        <Select label="Period" hideLabel value={search.period ?? ""} options={[{ value: "", label: "Any time" }, { value: "day", label: "Last 24 hours" }, { value: "week", label: "Last 7 days" }, { value: "month", label: "Last 30 days" }]} onChange={(period) => show({ period })} />
        <Search key={search.person ?? ""} label="Person's number" value={search.person ?? ""} placeholder="Number, with +" onSearch={(person) => show({ person: person === "" ? "" : (normalizeNumber(person) ?? person) })} />
        {narrowed && (
          <Button small kind="bare" onClick={() => void navigate({ to: "/manager/messages", search: {} })}>
            <X size={15} aria-hidden="true" />
            Show all
          </Button>
        )}
      </div>
      <DataTable
        label="Messages"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.message_id}
        rowLabel={(row) => `${row.direction === "out" ? "To" : "From"} ${row.person?.name ?? "somebody"}, ${kindOf(row)}, ${row.status}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/manager/messages/$messageId", params: { messageId: row.message_id } })}
        empty={
          <Empty icon={<MessagesSquare size={30} strokeWidth={1.5} />} title={narrowed ? "No such message" : "No messages yet"}>
            {narrowed ? "Widen what you look for, or show all." : "Send one from the API explorer, or write to your number in the messenger: both show here within seconds, with every step they take."}
          </Empty>
        }
        footer={<More list={list} />}
      />
    </>
  );
}
