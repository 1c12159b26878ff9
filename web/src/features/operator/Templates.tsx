/** # Templates: the review queue. A business's template goes out only after somebody here has approved it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Check, FileCheck2, X } from "lucide-react";
import { useState } from "react";
import { Problem } from "@/api/http";
import { operatorCalls } from "@/api/operator";
import type { Template, TemplateStatus } from "@/api/operator";
import { Button } from "@/ui/Button";
import { Id } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty, ErrorNote, Skeleton } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { words } from "@/ui/categories";
import { PageHead } from "@/ui/Console";
import { useOperator } from "./session";

const STATUSES = [
  { value: "PENDING", label: "To review" },
  { value: "APPROVED", label: "Approved" },
  { value: "REJECTED", label: "Rejected" },
] as const;

const EMPTY: Record<TemplateStatus, { title: string; what: string }> = {
  PENDING: { title: "Nothing to review", what: "When a business submits a template, it waits here for a decision. The sandbox approves at once, except names that start with reject_." },
  APPROVED: { title: "No approved templates yet", what: "Approved templates may be sent outside the customer-service window." },
  REJECTED: { title: "No rejected templates", what: "What was refused stays here with its business, who may change it and submit it again." },
};

export function Templates({ status }: { status: TemplateStatus }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const list = useQuery(queries.templates(status));
  const [rejecting, setRejecting] = useState<Template | null>(null);

  return (
    <>
      <PageHead title="Templates" note="Messages that businesses want to start conversations with.">
        <Segments label="Status" value={status} options={STATUSES} onChange={(next) => void navigate({ to: "/operator/templates", search: { status: next } })} />
      </PageHead>
      {list.data === undefined && list.error && (
        <ErrorNote message={list.error.message} requestId={list.error instanceof Problem ? list.error.requestId : null} onRetry={() => void list.refetch()} />
      )}
      {list.isPending && (
        <div className="overflow-hidden rounded-14 border bg-surface">
          <Skeleton rows={4} height={96} />
        </div>
      )}
      {list.data?.length === 0 && (
        <div className="rounded-14 border bg-surface">
          <Empty icon={<FileCheck2 size={30} strokeWidth={1.5} />} title={EMPTY[status].title}>
            {EMPTY[status].what}
          </Empty>
        </div>
      )}
      <ul className="grid gap-4 xl:grid-cols-2">
        {list.data?.map((template) => (
          <Card key={template.template_id} template={template} onReject={() => setRejecting(template)} />
        ))}
      </ul>
      <Dialog open={rejecting !== null} onClose={() => setRejecting(null)} title="Reject this template" description="The business sees the reason with the status of its template.">
        {rejecting && <Reject template={rejecting} onDone={() => setRejecting(null)} />}
      </Dialog>
    </>
  );
}

function Status({ status }: { status: TemplateStatus }) {
  return <Tag tone={status === "APPROVED" ? "good" : status === "REJECTED" ? "bad" : "attention"}>{words(status)}</Tag>;
}

function Card({ template, onReject }: { template: Template; onReject: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const approve = useMutation({
    mutationFn: () => operatorCalls.approve(token, template.template_id),
    onSuccess: () => client.invalidateQueries({ queryKey: ["operator", "templates"] }),
  });
  return (
    <li className="flex flex-col rounded-14 border bg-surface">
      <div className="flex items-start gap-3 border-b px-5 py-4">
        <div className="min-w-0 grow">
          <h2 className="truncate font-mono text-14 font-medium">{template.name}</h2>
          <p className="mt-0.5 flex flex-wrap items-center gap-x-2 text-13 text-muted">
            {words(template.category)}, {template.language}
            <Id value={template.template_id} what="template id" />
          </p>
        </div>
        <Status status={template.status} />
      </div>
      <div className="grow bg-canvas px-5 py-5">
        <p className="inline-block max-w-[52ch] rounded-14 border bg-theirs px-3.5 py-2.5 whitespace-pre-wrap">{template.body}</p>
      </div>
      {template.status === "PENDING" && (
        <div className="flex flex-wrap items-center gap-2 border-t px-5 py-3">
          <Button kind="solid" small disabled={approve.isPending} onClick={() => approve.mutate()} aria-label={`Approve ${template.name}`}>
            <Check size={15} aria-hidden="true" />
            Approve
          </Button>
          <Button kind="danger" small onClick={onReject} aria-label={`Reject ${template.name}`}>
            <X size={15} aria-hidden="true" />
            Reject
          </Button>
          {approve.error && (
            <p role="alert" className="text-13 text-bad">
              {approve.error.message}
            </p>
          )}
        </div>
      )}
    </li>
  );
}

function Reject({ template, onDone }: { template: Template; onDone: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const reject = useMutation({
    mutationFn: () => operatorCalls.reject(token, template.template_id, reason.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["operator", "templates"] });
      onDone();
    },
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim() !== "") reject.mutate();
      }}
    >
      <Field label="Reason" value={reason} placeholder="The category does not fit the text" error={reject.error?.message ?? null} onChange={(event) => setReason(event.target.value)} />
      <Button kind="solid" type="submit" disabled={reason.trim() === "" || reject.isPending}>
        Reject {template.name}
      </Button>
    </form>
  );
}
