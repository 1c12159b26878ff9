/** # Unpaid: open invoices by how late they are, and who owes most. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { Late, Unpaid } from "@/api/earnings";
import { useNow } from "@/lib/clock";
import { count, decimal, inMoney, money, units } from "@/lib/money";
import { StackedBars } from "@/ui/Bars";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Figure, Figures, Panel } from "@/ui/Figures";
import { Empty, Failed } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { dayOf } from "./prices";
import { useOperator } from "./session";

const AGES: Record<Late, string> = { current: "Not due yet", "1-30": "1–30 days", "31-60": "31–60 days", "61-90": "61–90 days", "over-90": "Over 90 days" };
const DAY = 86_400;

type Debtor = Unpaid["debtors"][number];

function columnsIn(currency: string, now: number): Column<Debtor>[] {
  const days = (row: Debtor): number => Math.ceil((now - row.due_at) / DAY);
  return [
    { head: "Business", text: (row) => row.name ?? row.portfolio_id, cell: (row) => <span className="font-medium">{row.name ?? row.portfolio_id}</span> },
    { head: "Invoices", end: true, wide: true, text: (row) => row.invoices, cell: (row) => count(row.invoices) },
    { head: "Oldest due", wide: true, text: (row) => dayOf(row.due_at), cell: (row) => dayOf(row.due_at) },
    { head: "Late", end: true, text: days, cell: (row) => (days(row) > 0 ? <span className="text-bad">{days(row) === 1 ? "1 day" : `${count(days(row))} days`}</span> : <span className="text-muted">in time</span>) },
    { head: "Open", end: true, text: (row) => decimal(row.amount_micros), cell: (row) => <span className="font-medium">{money(row.amount_micros, currency)}</span> },
  ];
}

export function UnpaidView({ currency }: { currency: string | undefined }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const now = useNow() / 1000;
  const query = useQuery(queries.unpaid(currency));
  const data = query.data;
  const sum = (late: (age: Late) => boolean): { amount: number; invoices: number } => {
    const rows = data?.ageing.filter((row) => late(row.late)) ?? [];
    return { amount: rows.reduce((all, row) => all + row.amount_micros, 0), invoices: rows.reduce((all, row) => all + row.invoices, 0) };
  };
  const invoices = (n: number): string => (data ? (n === 1 ? "1 invoice" : `${count(n)} invoices`) : "");
  const [all, late, old] = [sum(() => true), sum((age) => age !== "current"), sum((age) => age === "over-90")];
  const shown = (amount: number): string | null => (data ? money(amount, data.currency) : null);
  return (
    <>
      <PageHead title="Unpaid" note="What is open on issued invoices, by the days since it was due.">
        {data && data.currencies.length > 1 && (
          <Segments label="Currency" value={data.currency} options={data.currencies.map((each) => ({ value: each, label: each }))} onChange={(next) => void navigate({ to: "/operator/unpaid", search: { currency: next } })} />
        )}
      </PageHead>
      {query.error && !data ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <>
          <Figures>
            <Figure name="Open" value={shown(all.amount)} large note={invoices(all.invoices)} />
            <Figure name="Not due yet" value={shown(all.amount - late.amount)} note={invoices(all.invoices - late.invoices)} />
            <Figure name="Late" value={shown(late.amount)} note={invoices(late.invoices)} />
            <Figure name="Over 90 days" value={shown(old.amount)} note={invoices(old.invoices)} />
          </Figures>
          {data && all.invoices > 0 && (
            <>
              <div className="mt-4 grid gap-4 xl:grid-cols-[1.7fr_1fr]">
                <Panel title="By age" note={data.currency}>
                  <StackedBars label={`Open amounts in ${data.currency} by age; the same figures stand beside it`} times={data.ageing.map((row) => AGES[row.late])} parts={[{ name: "Open", color: 0, values: data.ageing.map((row) => units(row.amount_micros)) }]} unit={inMoney(data.currency)} />
                </Panel>
                <Panel title="The same as figures" note={data.currency}>
                  <Ages data={data} />
                </Panel>
              </div>
              <h2 className="mt-6 mb-2 text-16 font-semibold">Who owes most</h2>
            </>
          )}
          <div className={all.invoices === 0 ? "mt-4" : ""}>
            <DataTable
              label="Who owes most"
              columns={data ? columnsIn(data.currency, now) : []}
              rows={data?.debtors}
              rowKey={(row) => row.portfolio_id}
              rowLabel={(row) => `Business ${row.name ?? row.portfolio_id}`}
              error={null}
              onRetry={() => void query.refetch()}
              onOpen={(row) => void navigate({ to: "/operator/businesses/$businessId", params: { businessId: row.portfolio_id } })}
              empty={
                <Empty icon={<CircleCheck size={30} strokeWidth={1.5} />} title="Nothing is open">
                  An invoice stands here from its issue until it is paid. What is prepaid never does.
                </Empty>
              }
            />
          </div>
        </>
      )}
    </>
  );
}

function Ages({ data }: { data: Unpaid }) {
  return (
    <dl className="divide-y">
      {data.ageing.map((row) => (
        <div key={row.late} className="flex items-baseline gap-3 py-2.5">
          <dt className="min-w-0 grow">{AGES[row.late]}</dt>
          <dd className="text-13 text-muted tabular">{count(row.invoices)}</dd>
          <dd className="w-28 text-end font-medium tabular">{money(row.amount_micros, data.currency)}</dd>
        </div>
      ))}
    </dl>
  );
}
