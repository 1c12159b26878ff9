/** Who did what: the log of money and prices, and the steps of verifications, as one list. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { PAGE_ROWS, REFRESH_MS } from "./pages";
import type { Rows } from "./pages";

/** `details`: words of a verification, or what was decided, by name. */
export type AuditRow = {
  id: string;
  at: number;
  actor: string;
  kind: string;
  subject: string;
  business_id: string | null;
  name: string | null;
  details: string | Record<string, unknown> | null;
  is_verification: boolean;
};
/** `acts`: the kinds that the log of money and prices knows. */
export type AuditPage = Rows<AuditRow> & { acts: string[] };
/** Seconds: from then on, and before then. */
export type AuditFilter = { kind?: string; person?: string; business_id?: string; from?: number; until?: number };

/** Rows of a page when all of them are handed out. */
const EXPORT_ROWS = 200;

export function auditQueries(token: string) {
  return {
    list: (filter: AuditFilter) =>
      infiniteQueryOptions({
        queryKey: ["operator", "audit", filter],
        queryFn: ({ pageParam, signal }) => call<AuditPage>(paths.audit({ limit: PAGE_ROWS, after: pageParam }, filter), { token, signal }),
        initialPageParam: null as string | null,
        getNextPageParam: (page) => page.next,
        refetchInterval: REFRESH_MS,
      }),
  };
}

/** All rows that the filter leaves. */
export async function auditRows(token: string, filter: AuditFilter): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  let after: string | null = null;
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next one begins
    const page: AuditPage = await call<AuditPage>(paths.audit({ limit: EXPORT_ROWS, after }, filter), { token });
    rows.push(...page.data);
    after = page.next;
  } while (after !== null);
  return rows;
}
