/**
 * # Price books
 *
 * All books: lists of a currency, the prices of calls beside them, and what was agreed with single businesses.
 */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { BookOpenText } from "lucide-react";
import { useId, useState } from "react";
import type { FormEvent } from "react";
import { businessesQuery } from "@/api/operator";
import { priceCalls, priceQueries } from "@/api/priceBooks";
import type { BookKind, PriceBook } from "@/api/priceBooks";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { More } from "@/ui/More";
import { Empty } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { useOperator } from "./session";

const KINDS = [
  { value: "all", label: "All" },
  { value: "list", label: "Lists" },
  { value: "calls", label: "Calls" },
  { value: "contract", label: "Contracts" },
] as const;
const WORDS: Record<BookKind, string> = { list: "List", calls: "Calls", contract: "Contract" };

/** The name of a book without the id that keeps two of the same name apart. */
export function bookName(book: PriceBook): string {
  return book.portfolio_id === null ? book.name : book.name.replace(` (${book.portfolio_id})`, "");
}

/** What a book prices: lists are of everybody, and may all have the name of the file that they came with. */
export function bookTitle(book: PriceBook): string {
  return book.kind === "contract" ? bookName(book) : `${book.kind === "calls" ? "Calls" : "Messages"} in ${book.currency}`;
}

/** What the book is for, in words. */
export function bookFor(book: PriceBook): string {
  if (book.kind === "contract") return `What was agreed with ${book.portfolio_name ?? "one business"}; all else is charged by the list.`;
  return book.kind === "calls" ? `What calls cost in ${book.currency}, by the pulse of six seconds.` : `What messages cost whoever pays in ${book.currency}.`;
}

const ORDER: readonly BookKind[] = ["list", "calls", "contract"];

/** Lists first, then by currency. */
function inOrder(one: PriceBook, other: PriceBook): number {
  return ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind) || one.currency.localeCompare(other.currency) || one.name.localeCompare(other.name);
}

const COLUMNS: Column<PriceBook>[] = [
  {
    head: "Book", text: bookTitle,
    cell: (row) => (
      <>
        <span className="font-medium">{bookTitle(row)}</span>
        {row.kind !== "contract" && <span className="ms-2 text-muted max-sm:hidden">{bookName(row)}</span>}
      </>
    ),
  },
  { head: "Kind", text: (row) => WORDS[row.kind], cell: (row) => <Tag>{WORDS[row.kind]}</Tag> },
  { head: "Currency", text: (row) => row.currency, cell: (row) => row.currency },
  { head: "For", wide: true, text: (row) => row.portfolio_name ?? "", cell: (row) => row.portfolio_name ?? <span className="text-muted">Everybody</span> },
];

export function PriceBooks({ kind }: { kind: BookKind | undefined }) {
  const { token } = useOperator();
  const navigate = useNavigate();
  const list = useInfiniteQuery(priceQueries(token).list());
  const [adding, setAdding] = useState(false);
  const all = list.data?.pages.flatMap((page) => page.data);
  const open = (book: PriceBook): void => void navigate({ to: "/operator/prices/$bookId", params: { bookId: book.price_book_id } });
  return (
    <>
      <PageHead title="Price books" note="What a delivered message costs, by market and category. Prices are published with notice and never changed.">
        <Segments label="Kind of book" value={kind ?? "all"} options={KINDS} onChange={(next) => void navigate({ to: "/operator/prices", search: next === "all" ? {} : { kind: next } })} />
        <Button small onClick={() => setAdding(true)}>
          New contract
        </Button>
      </PageHead>
      <DataTable
        label="Price books"
        columns={COLUMNS}
        rows={all?.filter((book) => kind === undefined || book.kind === kind).toSorted(inOrder)}
        rowKey={(row) => row.price_book_id}
        rowLabel={(row) => `Price book ${bookName(row)}, ${row.currency}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={open}
        empty={
          <Empty icon={<BookOpenText size={30} strokeWidth={1.5} />} title={kind === "contract" ? "No contracts" : "No price books"}>
            {kind === "contract" ? (
              "A contract has the few prices that were agreed with one business."
            ) : (
              <>
                <code className="font-mono text-12">plaza price-book import</code> brings in the first list.
              </>
            )}
          </Empty>
        }
        footer={<More list={list} />}
      />
      <Dialog open={adding} onClose={() => setAdding(false)} title="New contract" description="A book for what is agreed with one business. Until a version of it is published, the business pays by the list." sticky focusField>
        <NewContract onDone={open} />
      </Dialog>
    </>
  );
}

function NewContract({ onDone }: { onDone: (book: PriceBook) => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const businesses = useInfiniteQuery(businessesQuery(token));
  const [business, setBusiness] = useState("");
  const [name, setName] = useState("");
  const options = useId();
  const known = new Map(businesses.data?.pages.flatMap((page) => page.data).map((row) => [row.business_id, row.name]));
  const make = useMutation({
    mutationFn: () => priceCalls(token).contract(business.trim(), name.trim()),
    onSuccess: async (book) => {
      await client.invalidateQueries({ queryKey: priceQueries(token).key });
      onDone(book);
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    make.mutate();
  }
  return (
    <form className="grid gap-4" noValidate onSubmit={submit}>
      <Field label="Business id" inputMode="numeric" autoComplete="off" list={options} value={business} hint={known.get(business.trim()) ?? "Its page and the list of businesses have it."} error={make.error?.message ?? null} onChange={(event) => setBusiness(event.target.value)} />
      <datalist id={options}>
        {[...known].map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </datalist>
      <Field label="Name of the book" autoComplete="off" maxLength={100} value={name} placeholder="Agreement of 2027" onChange={(event) => setName(event.target.value)} />
      <Button kind="solid" type="submit" disabled={business.trim() === "" || name.trim() === "" || make.isPending}>
        Make the contract
      </Button>
    </form>
  );
}
