/** The price books of the mock, from memory: lists, calls, a contract, one draft that changes a few prices. */
import type { PreviewLine, PriceBook, PriceChange, PriceDraft, PriceRow, PriceVersion, WholeBook } from "./priceBooks";

const DAY = 86_400;
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const missing = (what: string): Response => json({ code: "not_found", detail: `There is no such ${what}.` }, 404);

const BASE: Record<string, [number, number, number]> = {
  Brazil: [62_500, 6800, 6800],
  Germany: [136_500, 55_000, 55_000],
  India: [11_800, 1400, 1400],
  Indonesia: [41_100, 20_000, 20_000],
  Italy: [69_100, 30_000, 30_000],
  Mexico: [43_600, 8500, 8500],
  "Rest of Western Europe": [59_200, 17_100, 17_100],
  Spain: [61_500, 20_000, 20_000],
  Türkiye: [10_900, 900, 900],
  "United Kingdom": [52_900, 22_000, 22_000],
};
const NAMES = ["marketing", "utility", "authentication"];
const TIERS = [0, 100_000, 500_000];

const VERSIONS = ["pv-2026-07", "pv-2026-10", "pv-2027-01"] as const;
const midnight = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 1000;
const version = (id: string, from: string, published: string): PriceVersion => ({ price_version_id: id, effective_from: midnight(from), effective_to: null, published_at: midnight(published), prices: 90 });

const list = (currency: string): PriceBook => ({ price_book_id: `list-${currency}`, name: "Reference prices", currency, kind: "list", base_book_id: null, portfolio_id: null, portfolio_name: null });
const BOOKS: PriceBook[] = [
  list("EUR"),
  list("USD"),
  { ...list("USD"), price_book_id: "calls-USD", name: "Calls", kind: "calls", base_book_id: "list-USD" },
  { ...list("USD"), price_book_id: "contract-2001", name: "Agreement of 2026 (2001)", kind: "contract", base_book_id: "list-USD", portfolio_id: "2001", portfolio_name: "City Library" },
];
const FIRST_DRAFT: PriceDraft = { price_version_id: "draft-1", price_book_id: "list-USD", effective_from: midnight("2027-04-01"), prices: 90, created_at: midnight("2026-11-17") };
let drafts: PriceDraft[] = [FIRST_DRAFT];
let added: PriceVersion[] = [];

function whole(book: PriceBook): WholeBook {
  const versions = book.kind === "contract" ? [version("pv-contract", "2026-09-01", "2026-08-28")] : [version(VERSIONS[0], "2026-07-01", "2026-05-28"), version(VERSIONS[1], "2026-10-01", "2026-08-29"), version(VERSIONS[2], "2027-01-01", "2026-11-20")];
  const mine = drafts.filter((draft) => draft.price_book_id === book.price_book_id);
  return { ...book, versions: book.price_book_id === "list-USD" ? [...versions, ...added] : versions, drafts: mine, notice_days: 30 };
}

/** How much the prices of a version are above those of the first, per cent. */
const rise = (id: string): number => (id === VERSIONS[0] ? 0 : id === VERSIONS[1] ? 3 : id === VERSIONS[2] ? 5 : 8);

function prices(book: PriceBook, id: string): PriceRow[] {
  const rows = Object.entries(BASE).flatMap(([market, units]) =>
    NAMES.flatMap((category, n) => {
      const unit = Math.round(((units[n] ?? 0) * (100 + rise(id) * (market.length % 3 === 0 ? -1 : 1))) / 100);
      const tiers = category === "marketing" ? [0] : TIERS;
      return tiers.map((tier_from, step) => ({ market, category, tier_from, unit_micros: Math.round(unit * (1 - step * 0.05)) }));
    }),
  );
  return book.kind === "contract" ? rows.filter((row) => row.market === "Germany") : rows;
}

function compare(book: PriceBook, from: string, to: string): PriceChange[] {
  const key = (row: PriceRow): string => `${row.market} ${row.category} ${row.tier_from}`;
  const after = new Map(prices(book, to).map((row) => [key(row), row.unit_micros]));
  const changes = prices(book, from).map((row) => ({ market: row.market, category: row.category, tier_from: row.tier_from, before_micros: row.unit_micros as number | null, after_micros: after.get(key(row)) ?? null }));
  const added_market = { market: "Portugal", category: "marketing", tier_from: 0, before_micros: null, after_micros: 58_000 };
  return [...changes.filter((row) => row.before_micros !== row.after_micros), added_market];
}

function preview(empty: boolean): PreviewLine[] {
  if (empty) return [];
  return Object.entries(BASE).flatMap(([market, units], m) =>
    NAMES.map((category, n) => {
      const messages = 1000 + ((m * 7919 + n * 104_729) % 9000);
      const before_micros = messages * (units[n] ?? 0);
      return { category, market, messages, billable: messages, before_micros, after_micros: Math.round(before_micros * (market.length % 3 === 0 ? 0.94 : 1.05)) };
    }),
  );
}

const FAULTS = [
  { row: 0, column: "", what: "Mexico has a price in the version before, and none here" },
  { row: 3, column: "price", what: "0.1234567 has more than six digits after the point" },
  { row: 7, column: "market", what: "there is no market Germnay" },
];

/** A draft, or faults: the mock refuses a file whose name says so. */
function draftOf(book: PriceBook, name: string): Response {
  if (name.includes("wrong")) return json({ code: "invalid", detail: "the file cannot be taken in: row 3, price: 0.1234567 has more than six digits after the point", errors: FAULTS }, 400);
  const made = { ...FIRST_DRAFT, price_book_id: book.price_book_id, price_version_id: `draft-${drafts.length + 1}`, created_at: Math.floor(Date.now() / 1000) };
  drafts = [...drafts, made];
  return json(made);
}

function ofDraft(method: string, id: string, what: string, query: URLSearchParams, empty: boolean): Response {
  const draft = drafts.find((each) => each.price_version_id === id);
  const book = BOOKS.find((each) => each.price_book_id === draft?.price_book_id);
  if (!draft || !book) return missing("draft");
  if (what === "compare") return json({ data: compare(book, VERSIONS[2], id) });
  if (what === "preview") return json({ currency: book.currency, period: Number(query.get("period")), data: preview(empty) });
  drafts = drafts.filter((each) => each !== draft);
  if (method === "DELETE") return json({ success: true });
  const published = { ...version(id, "2027-04-01", "2026-11-18"), effective_from: draft.effective_from, published_at: Math.floor(Date.now() / 1000 / DAY) * DAY };
  added = [...added, published];
  return json(published);
}

/** Below `/operator/api/`; null: it is not about prices. */
export function answerPriceBooks(method: string, path: string, query: URLSearchParams, body: unknown, empty: boolean): Response | null {
  const draft = /^price-drafts\/([^/]+)(?:\/(.+))?$/.exec(path);
  if (draft) return ofDraft(method, draft[1] ?? "", draft[2] ?? "", query, empty);
  if (path === "price-books") return json({ data: empty ? [] : BOOKS, next: null });
  if (path === "price-books/contracts") return json(BOOKS[3]);
  const of = /^price-books\/([^/]+)(?:\/(.+))?$/.exec(path);
  if (!of) return null;
  const book = BOOKS.find((each) => each.price_book_id === of[1]);
  if (!book) return missing("price book");
  const rest = of[2] ?? "";
  if (rest === "") return json(whole(book));
  if (rest === "compare") return json({ data: compare(book, query.get("from") ?? "", query.get("to") ?? "") });
  if (rest === "drafts") return draftOf(book, body instanceof File ? body.name : "");
  if (rest === "export") return new Response("effective_from,effective_to,market,currency,category,tier_from,price\n", { headers: { "content-type": "text/csv" } });
  const version_id = /^versions\/([^/]+)\/prices$/.exec(rest)?.[1];
  return version_id === undefined ? missing("address") : json({ data: prices(book, version_id) });
}
