/** /manager/plan and /manager/verification */
import { useSearch } from "@tanstack/react-router";
import { Plan } from "@/features/manager/Plan";
import { Verification } from "@/features/manager/Verification";

export function PlanPage() {
  const { term } = useSearch({ from: "/manager/plan" });
  return <Plan term={term ?? "month"} />;
}

export function VerificationPage() {
  return <Verification />;
}
