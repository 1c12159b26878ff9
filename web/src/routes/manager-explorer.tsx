/** /manager/explorer: the call that is tried is in the address. */
import { useSearch } from "@tanstack/react-router";
import { Explorer } from "@/features/manager/Explorer";

export function ExplorerPage() {
  return <Explorer search={useSearch({ from: "/manager/explorer" })} />;
}
