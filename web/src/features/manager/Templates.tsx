/** # Templates: what may be written to people who have not written first. Each is reviewed once, in each language. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { FileText, Plus } from "lucide-react";
import type { MessageTemplate } from "@/api/manager";
import { buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { More } from "@/ui/More";
import { Empty } from "@/ui/Problem";
import { Search } from "@/ui/Search";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { Category, words } from "@/ui/categories";
import { Quality } from "./Quality";
import { useManager } from "./session";

export const TEMPLATE_STATUSES = ["APPROVED", "PENDING", "REJECTED", "PAUSED"] as const;
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number];

const STATUSES = [
  { value: "all", label: "All" },
  { value: "APPROVED", label: "Approved" },
  { value: "PENDING", label: "In review" },
  { value: "REJECTED", label: "Rejected" },
  { value: "PAUSED", label: "Paused" },
] as const;

export function Review({ status }: { status: string }) {
  const tone = status === "APPROVED" ? "good" : status === "PENDING" ? "attention" : status === "REJECTED" || status === "DISABLED" ? "bad" : "plain";
  return <Tag tone={tone}>{status === "PENDING" ? "In review" : words(status)}</Tag>;
}

/** Why a template was rejected; null: it was not. */
export function reasonOf(template: MessageTemplate): string | null {
  const reason = template.rejected_reason;
  return template.status !== "REJECTED" || reason === undefined || reason === "" || reason === "NONE" ? null : /^[A-Z_]+$/.test(reason) ? words(reason) : reason;
}

function bodyOf(template: MessageTemplate): string {
  return template.components.find((each) => each.type.toUpperCase() === "BODY")?.text ?? "";
}

const COLUMNS: Column<MessageTemplate>[] = [
  { head: "Name", text: (row) => row.name, cell: (row) => <span className="font-mono text-13 font-medium">{row.name}</span> },
  { head: "Language", text: (row) => row.language, cell: (row) => row.language },
  { head: "Category", text: (row) => row.category, cell: (row) => <Category name={row.category.toLowerCase()} /> },
  {
    head: "Review",
    text: (row) => row.status,
    cell: (row) => (
      <span className="flex items-center gap-2">
        <Review status={row.status} />
        {reasonOf(row) !== null && <span className="max-w-[11rem] truncate text-bad">{reasonOf(row)}</span>}
      </span>
    ),
  },
  { head: "Quality", wide: true, text: (row) => row.quality_score?.score ?? "", cell: (row) => <Quality rating={row.quality_score?.score} /> },
  { head: "Text", wide: true, text: bodyOf, cell: (row) => <span className="block max-w-[18rem] truncate text-muted">{bodyOf(row)}</span> },
  { head: "Template id", wide: true, text: (row) => row.id, cell: (row) => <Id value={row.id} what="template id" /> },
];

export function Templates({ status, name }: { status: TemplateStatus | undefined; name: string | undefined }) {
  const { queries, account } = useManager();
  const navigate = useNavigate();
  const list = useInfiniteQuery(queries.templates(account.id, { status, name }));
  const rows = list.data?.pages.flatMap((page) => page.data);
  const narrowed = status !== undefined || name !== undefined;
  function show(next: { status: TemplateStatus | undefined; name: string | undefined }): void {
    void navigate({ to: "/manager/templates", search: { ...(next.status === undefined ? {} : { status: next.status }), ...(next.name === undefined ? {} : { name: next.name }) }, replace: true });
  }
  return (
    <>
      <PageHead title="Templates" note="What you may write first. Each is reviewed once, and then sent as often as you like.">
        <Link to="/manager/templates/new" className={buttonLook("solid", true)}>
          <Plus size={15} aria-hidden="true" />
          New template
        </Link>
      </PageHead>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Segments label="Review" value={status ?? "all"} options={STATUSES} onChange={(next) => show({ status: next === "all" ? undefined : next, name })} />
        <Search key={name ?? ""} label="Name or text" value={name ?? ""} onSearch={(next) => show({ status, name: next === "" ? undefined : next })} />
      </div>
      <DataTable
        label="Templates"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `Template ${row.name}, ${row.language}, ${row.status}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/manager/templates/$templateId", params: { templateId: row.id } })}
        empty={
          narrowed ? (
            <Empty icon={<FileText size={30} strokeWidth={1.5} />} title="No such template">
              Choose another state, or clear the search.
            </Empty>
          ) : (
            <Empty
              icon={<FileText size={30} strokeWidth={1.5} />}
              title="No templates yet"
              action={
                <Link to="/manager/templates/new" className={buttonLook("solid", true)}>
                  Write the first one
                </Link>
              }
            >
              Within 24 hours of a person's message you may answer freely. To write first, or later, you send a template: a text with gaps that was reviewed beforehand.
            </Empty>
          )
        }
        footer={<More list={list} />}
      />
    </>
  );
}
