/**
 * # Charges
 *
 * The latest first; each opens the page that says why it costs what it costs: the steps of the rating, the price
 * version, and the ledger transfers that moved the money.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, Download, ReceiptText, X } from "lucide-react";
import { Problem } from "@/api/http";
import type { Charge, Explanation } from "@/api/operator";
import { money } from "@/lib/money";
import { exact } from "@/lib/time";
import { Button, buttonLook } from "@/ui/Button";
import { Id } from "@/ui/CopyButton";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Json } from "@/ui/Json";
import { Reasons } from "@/ui/Price";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Empty, ErrorNote, Skeleton } from "@/ui/Problem";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { Category, words } from "@/ui/categories";
import { More } from "@/ui/More";
import { PageHead } from "@/ui/Console";
import { useOperator } from "./session";

const iso = (at: number): string => new Date(at * 1000).toISOString();

const COLUMNS: Column<Charge>[] = [
  { head: "Delivered", text: (row) => iso(row.delivered_at), cell: (row) => <Time at={row.delivered_at} /> },
  { head: "Business", text: (row) => row.portfolio_name, cell: (row) => <span className="font-medium">{row.portfolio_name}</span> },
  { head: "Market", text: (row) => row.market, cell: (row) => row.market },
  { head: "Category", text: (row) => row.category, cell: (row) => <Category name={row.category} /> },
  { head: "Pricing", wide: true, text: (row) => row.pricing_type, cell: (row) => <Tag tone={row.pricing_type === "regular" ? "plain" : "good"}>{words(row.pricing_type)}</Tag> },
  { head: "Message", wide: true, text: (row) => row.message_id, cell: (row) => <Id value={row.message_id} what="message id" /> },
  { head: "Amount", end: true, text: (row) => `${row.currency} ${row.amount_micros / 1_000_000}`, cell: (row) => <span className="font-medium">{money(row.amount_micros, row.currency, "exact")}</span> },
];

export function Charges({ category, market }: { category: string | undefined; market: string | undefined }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const list = useInfiniteQuery(queries.charges());
  const filtered = category !== undefined || market !== undefined;
  const rows = list.data?.pages.flatMap((page) => page.data).filter((row) => (category === undefined || row.category === category) && (market === undefined || row.market === market));

  return (
    <>
      <PageHead title="Charges" note="One row for each message that was delivered and charged. Open one to see why it has its price.">
        {filtered && (
          <Link to="/operator/charges" search={{}} className={buttonLook("quiet", true)}>
            <X size={15} aria-hidden="true" />
            {[market, category === undefined ? undefined : words(category)].filter((part) => part !== undefined).join(", ")}
            <span className="sr-only">: show all</span>
          </Link>
        )}
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable("charges", COLUMNS, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      <DataTable
        label="Charges"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.charge_id}
        rowLabel={(row) => `Charge of ${row.portfolio_name}, ${row.market}, ${words(row.category)}, ${money(row.amount_micros, row.currency, "exact")}: why this price`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/operator/charges/$chargeId", params: { chargeId: row.charge_id } })}
        empty={
          <Empty icon={<ReceiptText size={30} strokeWidth={1.5} />} title={filtered ? "No such charge among the latest" : "No charges yet"}>
            {filtered ? "Load more, or show all charges." : "A charge is made when a business's message reaches its person. Send one through the API and it shows here within seconds."}
          </Empty>
        }
        footer={<More list={list} />}
      />
      {rows?.length === 0 && <More list={list} />}
    </>
  );
}

export function ChargeView({ chargeId }: { chargeId: string }) {
  const { queries } = useOperator();
  const query = useQuery(queries.charge(chargeId));
  return (
    <div className="max-w-4xl">
      <Link to="/operator/charges" className="mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink">
        <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
        Charges
      </Link>
      {query.data ? (
        <Explained explanation={query.data} />
      ) : query.error ? (
        <ErrorNote message={query.error.message} requestId={query.error instanceof Problem ? query.error.requestId : null} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </div>
  );
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { charge } = explanation;
  return (
    <>
      <header className="mb-6 flex flex-wrap items-end gap-x-6 gap-y-3">
        <div className="min-w-0 grow">
          <p className="text-muted">
            {charge.portfolio_name}, {exact(charge.delivered_at * 1000)}
          </p>
          <h1 className="mt-1 text-28 font-semibold tracking-tight">Why this price?</h1>
        </div>
        <div className="text-end">
          <div className="text-28 font-semibold tracking-tight text-accent-text tabular">{money(charge.amount_micros, charge.currency, "exact")}</div>
          <div className="text-13 text-muted">
            {words(charge.category)}, {charge.market}
          </div>
        </div>
      </header>
      <Reasons explanation={explanation} />
      <Section title="Related">
        <Pairs framed>
          <Pair name="Charge">
            <Id value={charge.charge_id} what="charge id" />
          </Pair>
          <Pair name="Message">
            <Id value={charge.message_id} what="message id" />
          </Pair>
          <Pair name="Phone number id">
            <Id value={charge.phone_number_id} what="phone number id" />
          </Pair>
        </Pairs>
      </Section>
      <Section title="As JSON">
        <Json value={explanation} label="JSON of the charge" />
      </Section>
    </>
  );
}
