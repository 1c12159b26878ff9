/** Picks one of the business's numbers: the address says which, the first one if it says none. */
import { useQuery } from "@tanstack/react-query";
import type { PhoneNumber } from "@/api/manager";
import { useManager } from "./session";

export type Numbers = { numbers: PhoneNumber[] | undefined; number: PhoneNumber | undefined; error: Error | null; retry: () => void };

export function useNumber(id: string | undefined): Numbers {
  const { queries, account } = useManager();
  const list = useQuery(queries.numbers(account.id));
  return { numbers: list.data, number: list.data?.find((each) => each.id === id) ?? list.data?.[0], error: list.error, retry: () => void list.refetch() };
}
