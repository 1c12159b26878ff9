/** # Audit: which operator did what with money, prices and applications, the latest first. Rows are never changed. */
import { keepPreviousData, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download, ScrollText } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { auditQueries, auditRows } from "@/api/audit";
import type { AuditFilter, AuditRow } from "@/api/audit";
import { decimal } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Field } from "@/ui/Field";
import { More } from "@/ui/More";
import { Empty } from "@/ui/Problem";
import { Select } from "@/ui/Select";
import { Time } from "@/ui/Time";
import { words } from "@/ui/categories";
import { actorName, stepName } from "@/ui/plans";
import { useOperator } from "./session";

/** Steps of verifications that an operator takes. */
const STEPS = ["approved", "seconded", "rejected", "more_wanted", "withdrawn", "reports_dismissed"];
/** Times among the details, in seconds. */
const TIMES = new Set(["expires_at", "effective_from", "until"]);

function detail(name: string, value: unknown): string {
  if (name.endsWith("_micros") && typeof value === "number") return `${words(name.slice(0, -"_micros".length))} ${decimal(value)}`;
  if (TIMES.has(name) && typeof value === "number") return `${words(name)} ${new Date(value * 1000).toISOString().slice(0, 10)}`;
  if (typeof value === "object" && value !== null) return `${words(name)} ${Array.isArray(value) && value.every((each) => typeof each === "string") ? value.join(" ") : JSON.stringify(value)}`;
  return `${words(name)} ${String(value)}`;
}

function detailsOf(row: AuditRow): string {
  if (typeof row.details === "string") return row.details;
  const known = Object.entries(row.details ?? {}).filter(([, value]) => value !== null && value !== "");
  return known.map(([name, value]) => detail(name, value)).join(", ");
}

const COLUMNS: Column<AuditRow>[] = [
  { head: "When", text: (row) => new Date(row.at * 1000).toISOString(), cell: (row) => <Time at={row.at} /> },
  { head: "Who", text: (row) => row.actor, cell: (row) => actorName(row.actor) },
  { head: "What", text: (row) => row.kind, cell: (row) => <span className="font-medium">{stepName(row.kind)}</span> },
  { head: "On", text: (row) => row.name ?? row.subject, cell: (row) => row.name ?? <span className="break-all">{row.subject}</span> },
  { head: "Details", wide: true, text: detailsOf, cell: (row) => <span className="break-words text-muted">{detailsOf(row)}</span> },
];

/** The first second of a day, or of the day after it, here; absent: the field is empty. */
function secondOf(day: string, after = 0): number | undefined {
  const [year = Number.NaN, month = 1, date = 1] = day.split("-").map(Number);
  const at = new Date(year, month - 1, date + after).getTime();
  return day === "" || Number.isNaN(at) ? undefined : Math.floor(at / 1000);
}

export function Audit() {
  const { token } = useOperator();
  const navigate = useNavigate();
  const [kind, setKind] = useState("");
  const [person, setPerson] = useState("");
  const [business, setBusiness] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const begins = secondOf(from);
  const ends = secondOf(to, 1);
  // A business is asked for once its id is written in full.
  const id = /^\d{6,19}$/.test(business.trim()) ? business.trim() : "";
  const who = useDeferredValue(person.trim());
  const filter: AuditFilter = {
    ...(kind === "" ? {} : { kind }),
    ...(who === "" ? {} : { person: who }),
    ...(id === "" ? {} : { business_id: id }),
    ...(begins === undefined ? {} : { from: begins }),
    ...(ends === undefined ? {} : { until: ends }),
  };
  const list = useInfiniteQuery({ ...auditQueries(token).list(filter), placeholderData: keepPreviousData });
  const rows = list.data?.pages.flatMap((page) => page.data);
  const isNarrowed = Object.keys(filter).length > 0;
  const file = useMutation({ mutationFn: () => auditRows(token, filter), onSuccess: (all) => downloadTable("audit", COLUMNS, all) });
  const acts = [...(list.data?.pages[0]?.acts ?? []), ...STEPS];
  return (
    <>
      <PageHead title="Audit" note="What operators did with money, prices and applications. Nobody can change it: plaza ledger verify checks that.">
        <Button small disabled={!rows || rows.length === 0 || file.isPending} onClick={() => file.mutate()}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      <div className="mb-4 grid gap-3 sm:grid-cols-2 lg:grid-cols-5" role="group" aria-label="Which rows">
        <Select label="What" value={kind} options={[{ value: "", label: "Everything" }, ...acts.map((value) => ({ value, label: stepName(value) }))]} onChange={setKind} />
        <Field label="Who" placeholder="A name" value={person} onChange={(event) => setPerson(event.target.value)} />
        <Field label="Business" inputMode="numeric" placeholder="Its id" value={business} error={business.trim() !== "" && id === "" ? "The number that its page shows." : null} onChange={(event) => setBusiness(event.target.value)} />
        <Field label="From" type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
        <Field label="To" type="date" value={to} onChange={(event) => setTo(event.target.value)} />
      </div>
      {file.error && (
        <p role="alert" className="mb-3 text-13 text-bad">
          {file.error.message}
        </p>
      )}
      <DataTable
        label="Audit"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `${stepName(row.kind)}, ${row.name ?? row.subject}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => {
          if (row.business_id === null) return;
          void navigate({ to: row.is_verification ? "/operator/verifications/$businessId" : "/operator/businesses/$businessId", params: { businessId: row.business_id } });
        }}
        footer={<More list={list} />}
        empty={
          isNarrowed ? (
            <Empty icon={<ScrollText size={30} strokeWidth={1.5} />} title="Nothing like this">
              Choose another time, person or business.
            </Empty>
          ) : (
            <Empty icon={<ScrollText size={30} strokeWidth={1.5} />} title="Nothing has happened yet">
              The first credit, price or decision is the first row.
            </Empty>
          )
        }
      />
    </>
  );
}
