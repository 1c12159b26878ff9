/**
 * # Purchases
 *
 * What people bought in app stores: how it stands, what was paid, what the store keeps, and the ledger's transfers. Who
 * bought it stays with them: the page has no names and no numbers.
 */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { ShoppingBag } from "lucide-react";
import { useState } from "react";
import { purchaseCalls, purchaseQueries } from "@/api/purchases";
import type { OperatorPurchase, PurchaseState, Sale } from "@/api/purchases";
import { decimal, money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { More } from "@/ui/More";
import { Empty } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { words } from "@/ui/categories";
import { useOperator } from "./session";

const TONES: Record<PurchaseState, "good" | "attention" | "bad" | "plain"> = { pending: "attention", active: "good", grace: "attention", expired: "plain", revoked: "bad", replaced: "plain" };
const LABELS: Record<PurchaseState, string> = { pending: "Not paid yet", active: "Runs", grace: "Payment failed", expired: "Ended", revoked: "Given back", replaced: "Replaced" };
const FILTERS = [{ value: "all", label: "All" }, ...(["active", "grace", "pending", "expired", "revoked"] as const).map((value) => ({ value, label: LABELS[value] }))] as const;
type Filter = (typeof FILTERS)[number]["value"];

const paid = (row: OperatorPurchase): string => row.payments.map((each) => money(each.amount_micros, each.currency)).join(", ");

const PURCHASES: Column<OperatorPurchase>[] = [
  { head: "When", text: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  { head: "What", text: (row) => `${row.plan} ${row.term}`, cell: (row) => <span className="font-medium">{`${row.plan}, ${row.term === "once" ? "for good" : `by the ${row.term}`}`}</span> },
  { head: "Store", wide: true, text: (row) => row.store, cell: (row) => words(row.store) },
  { head: "State", text: (row) => row.state, cell: (row) => <Tag tone={TONES[row.state]}>{LABELS[row.state]}</Tag> },
  { head: "Until", wide: true, text: (row) => row.expires_at ?? "", cell: (row) => (row.expires_at === null ? "" : <Time at={row.expires_at} />) },
  { head: "Paid", end: true, text: paid, cell: (row) => <span className="tabular">{paid(row)}</span> },
];

const SALES: Column<Sale>[] = [
  { head: "What", text: (row) => `${row.plan} ${row.term}`, cell: (row) => <span className="font-medium">{`${row.plan}, ${row.term}`}</span> },
  { head: "Payments", end: true, text: (row) => row.payments, cell: (row) => row.payments.toLocaleString() },
  { head: "Paid", end: true, text: (row) => `${row.currency} ${decimal(row.amount_micros)}`, cell: (row) => money(row.amount_micros, row.currency) },
  { head: "Kept by the store", wide: true, end: true, text: (row) => decimal(row.commission_micros), cell: (row) => money(row.commission_micros, row.currency) },
  { head: "Given back", wide: true, end: true, text: (row) => decimal(row.refunded_micros), cell: (row) => money(row.refunded_micros, row.currency) },
];

export function Purchases() {
  const { token } = useOperator();
  const [filter, setFilter] = useState<Filter>("all");
  const [store, setStore] = useState("all");
  const [opened, setOpened] = useState<OperatorPurchase | null>(null);
  const list = useInfiniteQuery(purchaseQueries(token).list({ ...(filter === "all" ? {} : { state: filter }), ...(store === "all" ? {} : { store }) }));
  const first = list.data?.pages[0];
  const stores = first?.stores ?? [];
  return (
    <>
      <PageHead title="Purchases" note="What people bought. Who bought it is not shown here." />
      <div className="mb-3 flex flex-wrap gap-3">
        <Segments label="State" value={filter} options={FILTERS} onChange={setFilter} />
        {(stores.length > 1 || store !== "all") && <Segments label="Store" value={store} options={[{ value: "all", label: "All stores" }, ...stores.map((name) => ({ value: name, label: words(name) }))]} onChange={setStore} />}
      </div>
      <DataTable
        label="Purchases"
        columns={PURCHASES}
        rows={list.data?.pages.flatMap((page) => page.data)}
        rowKey={(row) => row.purchase_id}
        rowLabel={(row) => `Purchase of ${row.plan}`}
        onOpen={setOpened}
        error={list.error}
        onRetry={() => void list.refetch()}
        footer={<More list={list} />}
        empty={
          <Empty icon={<ShoppingBag size={30} strokeWidth={1.5} />} title="Nothing here">
            People buy in the settings of the messenger.
          </Empty>
        }
      />
      {(first?.sales.length ?? 0) > 0 && (
        <div className="mt-8">
          <Section title="Revenue by plan">
            <DataTable label="What each plan brought in" columns={SALES} rows={first?.sales} rowKey={(row) => `${row.plan} ${row.term} ${row.currency}`} error={null} onRetry={() => void list.refetch()} empty={null} />
          </Section>
        </div>
      )}
      {opened && <PurchaseDialog purchase={opened} onClose={() => setOpened(null)} />}
    </>
  );
}

function PurchaseDialog({ purchase, onClose }: { purchase: OperatorPurchase; onClose: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [amount, setAmount] = useState("");
  const last = purchase.payments.at(-1);
  const refund = useMutation({
    mutationFn: () => purchaseCalls(token).refund(purchase.purchase_id, amount.trim()),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["operator", "purchases"] });
      onClose();
    },
  });
  return (
    <Dialog open onClose={onClose} side="end" title={`${purchase.plan}, ${purchase.term}`} description={LABELS[purchase.state]}>
      <div className="grid gap-5">
        <Pairs>
          <Pair name="Purchase">
            <Id value={purchase.purchase_id} what="purchase" />
          </Pair>
          <Pair name="Store">{words(purchase.store)}</Pair>
          <Pair name="Renewed">{purchase.renews ? "Yes" : "No"}</Pair>
          <Pair name="Trial">{purchase.is_trial ? "Yes" : "No"}</Pair>
          <Pair name="Shared in a family">{purchase.is_family_shared ? "Yes" : "No"}</Pair>
        </Pairs>
        {purchase.payments.map((each) => (
          <section key={each.transaction} aria-label={`Payment of ${money(each.amount_micros, each.currency)}`} className="rounded-14 border p-4">
            <Pairs>
              <Pair name="Paid">{money(each.amount_micros, each.currency)}</Pair>
              <Pair name="Kept by the store">{money(each.commission_micros, each.currency)}</Pair>
              <Pair name="Given back">{money(each.refunded_micros, each.currency)}</Pair>
              <Pair name="When">
                <Time at={each.at} />
              </Pair>
              <Pair name="Transfer in the ledger">
                <Id value={each.transfer_id} what="transfer" />
              </Pair>
            </Pairs>
          </section>
        ))}
        {purchase.payments.length === 0 && <p className="text-muted">Nothing was paid yet.</p>}
        {purchase.can_refund && last !== undefined && (
          <form
            className="grid gap-3 border-t pt-4"
            onSubmit={(event) => {
              event.preventDefault();
              refund.mutate();
            }}
          >
            <Field label={`Give back (${last.currency})`} hint={`Empty: all of the last payment, ${money(last.amount_micros - last.refunded_micros, last.currency)}, and the purchase ends. A part lowers the price; what was bought goes on.`} inputMode="decimal" value={amount} error={refund.error?.message ?? null} onChange={(event) => setAmount(event.target.value)} />
            <Button kind="danger" type="submit" disabled={refund.isPending}>
              {amount.trim() === "" ? "Give it back in the built-in store" : "Give a part back in the built-in store"}
            </Button>
          </form>
        )}
      </div>
    </Dialog>
  );
}
