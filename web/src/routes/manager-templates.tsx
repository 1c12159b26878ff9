/** /manager/templates, one of them, and writing one. */
import { useParams, useSearch } from "@tanstack/react-router";
import { EditTemplate, NewTemplate } from "@/features/manager/TemplateEditor";
import { TemplateView } from "@/features/manager/TemplateView";
import { Templates } from "@/features/manager/Templates";

export function TemplatesPage() {
  const { status, name } = useSearch({ from: "/manager/templates" });
  return <Templates status={status} name={name} />;
}

export function NewTemplatePage() {
  return <NewTemplate />;
}

export function TemplatePage() {
  const { templateId } = useParams({ from: "/manager/templates/$templateId" });
  return <TemplateView templateId={templateId} />;
}

export function EditTemplatePage() {
  const { templateId } = useParams({ from: "/manager/templates/$templateId/edit" });
  return <EditTemplate templateId={templateId} />;
}
