/** /operator/verifications, /operator/plans and /operator/audit */
import { useParams, useSearch } from "@tanstack/react-router";
import { Audit } from "@/features/operator/Audit";
import { Plans } from "@/features/operator/Plans";
import { ReviewView, Verifications } from "@/features/operator/Verifications";

export function VerificationsPage() {
  const { view } = useSearch({ from: "/operator/verifications" });
  return <Verifications view={view ?? "waiting"} />;
}

export function ReviewPage() {
  const { businessId } = useParams({ from: "/operator/verifications/$businessId" });
  return <ReviewView businessId={businessId} />;
}

export function PlansPage() {
  return <Plans />;
}

export function AuditPage() {
  return <Audit />;
}
