/** /operator: the token, then the console around its pages. */
import { Outlet } from "@tanstack/react-router";
import { Shell } from "@/features/operator/Shell";
import { OperatorSession } from "@/features/operator/session";
import { useTitle } from "@/lib/title";

export function OperatorPage() {
  useTitle("Operator · Plaza");
  return (
    <OperatorSession>
      <Shell>
        <Outlet />
      </Shell>
    </OperatorSession>
  );
}
