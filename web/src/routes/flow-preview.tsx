/** /flow-preview/…: a form to try out, for whoever was sent its address. The server made the address, and lets it expire. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { call } from "@/api/http";
import { FlowPreview } from "@/flow/FlowPreview";
import { useTitle } from "@/lib/title";
import { Failed, Skeleton } from "@/ui/Problem";

export function FlowPreviewPage() {
  useTitle("Preview of a form");
  const { flowId, key } = useParams({ from: "/flow-preview/$flowId/$key" });
  const query = useQuery({
    queryKey: ["flow-preview", flowId, key],
    queryFn: async ({ signal }) => JSON.stringify(await call<unknown>(`/v1/flow-assets/${encodeURIComponent(flowId)}/${encodeURIComponent(key)}`, { signal })),
    refetchOnWindowFocus: false,
  });
  return (
    <main className="mx-auto grid min-h-dvh max-w-md content-center gap-5 px-4 py-10">
      <div>
        <h1 className="text-28 font-semibold tracking-tight">Preview of a form</h1>
        <p className="mt-1 text-muted">This is how people see it. Nothing that you fill in is sent.</p>
      </div>
      {query.data !== undefined ? (
        <FlowPreview document={query.data} business={{ id: flowId, name: "Your business" }} />
      ) : query.error ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </main>
  );
}
