/** One template: how it looks, where its review stands and why, and what can be done with it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Code, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import type { MessageTemplate } from "@/api/manager";
import { Button, buttonLook } from "@/ui/Button";
import { Id } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { Json } from "@/ui/Json";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Category, words } from "@/ui/categories";
import { Quality } from "./Quality";
import { TemplatePreview } from "./TemplatePreview";
import { Review, reasonOf } from "./Templates";
import { Back } from "./Back";
import { useManager } from "./session";
import { draftOf } from "./template";

const WHAT: Record<string, string> = {
  APPROVED: "It may be sent.",
  PENDING: "The operator of the network looks at it. Until then it cannot be sent.",
  REJECTED: "It cannot be sent. Change what the reason names, and it is reviewed again.",
  PAUSED: "People blocked or reported it. It rests for a while, and may then be sent again.",
  DISABLED: "It cannot be sent any more. Write another one.",
};

export function TemplateView({ templateId }: { templateId: string }) {
  const { queries } = useManager();
  const query = useQuery(queries.template(templateId));
  return (
    <>
      <Back to="/manager/templates">Templates</Back>
      {query.data ? <Shown template={query.data} /> : query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />}
    </>
  );
}

function Shown({ template }: { template: MessageTemplate }) {
  const [deleting, setDeleting] = useState(false);
  const reason = reasonOf(template);
  const canEdit = draftOf(template) !== null && template.status !== "PENDING";
  return (
    <div className="grid gap-8 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="min-w-0">
        <header className="mb-5 flex flex-wrap items-end gap-x-4 gap-y-3">
          <div className="min-w-0 grow">
            <h1 className="font-mono text-20 font-semibold wrap-anywhere">{template.name}</h1>
            <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-muted">
              <Category name={template.category.toLowerCase()} />
              {template.language}
              <Id value={template.id} what="template id" />
            </p>
          </div>
          <div className="flex flex-wrap gap-2">
            {canEdit && (
              <Link to="/manager/templates/$templateId/edit" params={{ templateId: template.id }} className={buttonLook("quiet", true)}>
                <Pencil size={15} aria-hidden="true" />
                Edit
              </Link>
            )}
            <Link to="/manager/explorer" search={{ call: "send_template", template: template.id }} className={buttonLook("quiet", true)}>
              <Code size={15} aria-hidden="true" />
              Send it
            </Link>
            <Button small kind="danger" onClick={() => setDeleting(true)}>
              <Trash2 size={15} aria-hidden="true" />
              Delete
            </Button>
          </div>
        </header>
        <Section title="Review">
          <div className="rounded-14 border bg-surface px-4 py-3">
            <Review status={template.status} />
            <p className="mt-2">{WHAT[template.status] ?? words(template.status)}</p>
            {reason !== null && (
              <p className="mt-2 rounded-8 bg-bad-soft px-3 py-2 text-bad">
                <span className="font-medium">Reason:</span> {reason}
              </p>
            )}
          </div>
        </Section>
        <Section title="About it">
          <Pairs framed>
            <Pair name="Quality"><Quality rating={template.quality_score?.score} /></Pair>
            <Pair name="Gaps">{template.parameter_format === "NAMED" ? "By name" : "By number"}</Pair>
            <Pair name="Parts">{template.components.map((each) => words(each.type)).join(", ")}</Pair>
          </Pairs>
          {draftOf(template) === null && <p className="mt-2 text-13 text-muted">It has parts that the editor does not know: change it through the API.</p>}
        </Section>
        <Section title="As JSON">
          <Json value={template} label="JSON of the template" />
        </Section>
      </div>
      <div className="xl:sticky xl:top-7 xl:self-start">
        <TemplatePreview components={template.components} />
      </div>
      <Dialog open={deleting} onClose={() => setDeleting(false)} title="Delete this template" description="It cannot be sent any more, and its name in this language is free again.">
        <Delete template={template} />
      </Dialog>
    </div>
  );
}

function Delete({ template }: { template: MessageTemplate }) {
  const { calls, account } = useManager();
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => calls.deleteTemplate(account.id, template.name, template.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["manager", "templates"] });
      await navigate({ to: "/manager/templates" });
    },
  });
  return (
    <div className="grid gap-3">
      {remove.error && (
        <p role="alert" className="text-13 text-bad">
          {remove.error.message}
        </p>
      )}
      <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
        Delete {template.name}, {template.language}
      </Button>
    </div>
  );
}
