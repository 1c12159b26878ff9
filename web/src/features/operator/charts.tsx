/** The charts and the table of the revenue page: the largest parts and the rest, over time and side by side. */
import type { Revenue, RevenuePart } from "@/api/revenue";
import { decimal, inMoney, money, units } from "@/lib/money";
import { RankedBars, StackedBars } from "@/ui/Bars";
import type { Stack } from "@/ui/Bars";
import type { Column } from "@/ui/DataTable";
import { OTHERS_COLOR, PART_COLORS, colorOf, words } from "@/ui/categories";

const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const wholeDay = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** A part in words. */
export function partName(part: RevenuePart): string {
  if (part.portfolio_id !== undefined) return part.name ?? part.portfolio_id;
  if (part.plan !== undefined) return part.plan === null ? "Without a plan" : (part.name ?? part.plan);
  return [part.market, part.category === undefined ? undefined : words(part.category)].filter((each) => each !== undefined).join(", ");
}

/** What a part is known by. */
export function partKey(part: RevenuePart): string {
  return part.portfolio_id ?? (part.plan === undefined ? `${part.market ?? ""}/${part.category ?? ""}` : `plan ${part.plan ?? ""}`);
}

/** Nobody's name is unique: customers or plans of the same name have their id behind it. */
export function withDistinctNames(data: Revenue): Revenue {
  const times = new Map<string, number>();
  for (const part of data.totals) times.set(partName(part), (times.get(partName(part)) ?? 0) + 1);
  const named = (part: RevenuePart): RevenuePart => {
    const id = part.portfolio_id ?? part.plan;
    return id && (times.get(partName(part)) ?? 0) > 1 ? { ...part, name: `${partName(part)} (${id})` } : part;
  };
  return { ...data, totals: data.totals.map(named) };
}

function colored(data: Revenue, part: RevenuePart, place: number): number {
  return data.by === "category" ? colorOf(part.category ?? "") : (PART_COLORS[place] ?? OTHERS_COLOR);
}

type Told = { key: string; name: string; color: number; micros: number[] };

/** What is told over time: the largest parts and, where there are any, the others. */
function toldOf(data: Revenue): Told[] {
  const parts = data.totals.slice(0, data.over_time);
  const told = parts.map((part, place) => ({ key: partKey(part), name: partName(part), color: colored(data, part, place), micros: data.series.map((point) => point.parts_micros[place] ?? 0) }));
  const others = data.series.map((point) => point.others_micros);
  return others.some((micros) => micros !== 0) ? [...told, { key: "others", name: "Others", color: OTHERS_COLOR, micros: others }] : told;
}

/** Revenue over time, stacked by part. */
export function OverTimeChart({ data }: { data: Revenue }) {
  const label = data.bucket === "hour" ? hour : day;
  const parts: Stack[] = toldOf(data).map(({ name, color, micros }) => ({ name, color, values: micros.map(units) }));
  return <StackedBars label={`Revenue in ${data.currency} over time; “Table” shows the same figures`} times={data.series.map((point) => label.format(point.at * 1000))} parts={parts} unit={inMoney(data.currency)} />;
}

/** The parts side by side, the largest first, the rest as one. */
export function PartsChart({ data }: { data: Revenue }) {
  const rows = data.totals.map((part): [string, number] => [partName(part), units(part.amount_micros)]);
  return <RankedBars label={`Revenue in ${data.currency} by part; the same figures stand in the table below`} name="Revenue" rows={rows} unit={inMoney(data.currency)} most={9} rest={units(data.more.amount_micros)} />;
}

export type TimeRow = { at: number; cells: number[]; total: number; messages: number };

/** The rows and columns of the same over time, exact. */
export function overTime(data: Revenue): { columns: Column<TimeRow>[]; rows: TimeRow[] } {
  const told = toldOf(data);
  const time = (row: TimeRow): string => (data.bucket === "hour" ? hour.format(row.at * 1000) : wholeDay.format(row.at * 1000));
  const amount = (head: string, of: (row: TimeRow) => number, id = head): Column<TimeRow> => ({ id, head, end: true, text: (row) => decimal(of(row)), cell: (row) => (of(row) === 0 ? <span className="text-faint">–</span> : money(of(row), data.currency)) });
  const columns: Column<TimeRow>[] = [
    { head: data.bucket === "hour" ? "Hour" : "Day", text: (row) => new Date(row.at * 1000).toISOString().slice(0, data.bucket === "hour" ? 16 : 10), cell: (row) => <span className="font-medium">{time(row)}</span> },
    amount("Total", (row) => row.total),
    ...told.map((part, place) => amount(part.name, (row) => row.cells[place] ?? 0, `part ${part.key}`)),
    { head: "Messages", end: true, text: (row) => row.messages, cell: (row) => row.messages.toLocaleString() },
  ];
  const rows = data.series.map((point, place) => ({ at: point.at, cells: told.map((part) => part.micros[place] ?? 0), total: point.amount_micros, messages: point.messages }));
  return { columns, rows: rows.toReversed() };
}
