/** /manager: the token, then the console around its pages. Which account is looked at is in the address. */
import { Outlet, useSearch } from "@tanstack/react-router";
import { Shell } from "@/features/manager/Shell";
import { ManagerSession } from "@/features/manager/session";
import { useTitle } from "@/lib/title";

export function ManagerPage() {
  useTitle("Manager · Plaza");
  const { account } = useSearch({ from: "/manager" });
  return (
    <ManagerSession accountId={account}>
      <Shell>
        <Outlet />
      </Shell>
    </ManagerSession>
  );
}
