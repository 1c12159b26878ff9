/** /manager/numbers: the number that is open is in the address. */
import { useSearch } from "@tanstack/react-router";
import { Numbers } from "@/features/manager/Numbers";

export function NumbersPage() {
  const { number } = useSearch({ from: "/manager/numbers" });
  return <Numbers numberId={number} />;
}
