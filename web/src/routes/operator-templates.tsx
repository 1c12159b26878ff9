/** /operator/templates */
import { useSearch } from "@tanstack/react-router";
import { Templates } from "@/features/operator/Templates";

export function TemplatesPage() {
  const { status } = useSearch({ from: "/operator/templates" });
  return <Templates status={status} />;
}
