/** /manager/flows, and one of them. */
import { useParams } from "@tanstack/react-router";
import { FlowView } from "@/features/manager/FlowView";
import { Flows } from "@/features/manager/Flows";

export function FlowsPage() {
  return <Flows />;
}

export function FlowPage() {
  const { flowId } = useParams({ from: "/manager/flows/$flowId" });
  return <FlowView key={flowId} flowId={flowId} />;
}
