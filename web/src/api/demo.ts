/** The demo world: who is there to talk to. A server that is no demo has no such page, and the answer is null. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { Problem, call } from "./http";

export type Resident = { name: string; number: string; about: string };
export type World = { people: Resident[]; businesses: Resident[] };

/** The world, or null outside the demo. */
export const worldQuery = queryOptions({
  queryKey: ["world"],
  queryFn: async ({ signal }): Promise<World | null> => {
    try {
      return await call<World>(paths.world(), { signal });
    } catch (error) {
      if (error instanceof Problem) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});
