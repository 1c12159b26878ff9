/** # Audit: who did what with whose application, the latest first. Rows are never changed. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download, ScrollText } from "lucide-react";
import { reviewQueries } from "@/api/plans";
import type { AuditRow } from "@/api/plans";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Problem";
import { Time } from "@/ui/Time";
import { actorName, stepName } from "@/ui/plans";
import { useOperator } from "./session";

const COLUMNS: Column<AuditRow>[] = [
  { head: "When", text: (row) => new Date(row.at * 1000).toISOString(), cell: (row) => <Time at={row.at} /> },
  { head: "Who", text: (row) => row.actor, cell: (row) => actorName(row.actor) },
  { head: "What", text: (row) => row.kind, cell: (row) => <span className="font-medium">{stepName(row.kind)}</span> },
  { head: "Business", text: (row) => row.name, cell: (row) => row.name },
  { head: "Details", wide: true, text: (row) => row.details, cell: (row) => <span className="text-muted">{row.details}</span> },
];

export function Audit() {
  const { token } = useOperator();
  const navigate = useNavigate();
  const list = useQuery(reviewQueries(token).audit());
  const rows = list.data;
  return (
    <>
      <PageHead title="Audit" note="Each step of each verification: who, what, when.">
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable("audit", COLUMNS, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      <DataTable
        label="Audit"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => `${row.at_micros} ${row.business_id} ${row.kind} ${row.details}`}
        rowLabel={(row) => `${stepName(row.kind)}, ${row.name}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/operator/verifications/$businessId", params: { businessId: row.business_id } })}
        empty={
          <Empty icon={<ScrollText size={30} strokeWidth={1.5} />} title="Nothing has happened yet">
            The first application or report is the first row.
          </Empty>
        }
      />
    </>
  );
}
