/**
 * # Webhooks
 *
 * Every event that left, or still tries to: state, attempts, the next try, the last error, the body as it was sent.
 * Any of them can be sent again. What is dead stays here until somebody does.
 */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Check, CircleX, Clock3, Download, RotateCcw, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import { operatorCalls } from "@/api/operator";
import type { DeliveryState, WebhookDelivery } from "@/api/operator";
import { Button } from "@/ui/Button";
import { Id } from "@/ui/CopyButton";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Json } from "@/ui/Json";
import { Empty } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { More } from "./More";
import { PageHead } from "./Shell";
import { useOperator } from "./session";

const STATES = [
  { value: "all", label: "All" },
  { value: "pending", label: "Waiting" },
  { value: "delivered", label: "Delivered" },
  { value: "dead", label: "Dead" },
] as const;

function State({ state }: { state: DeliveryState }) {
  if (state === "delivered") return <Tag tone="good" icon={<Check size={13} aria-hidden="true" />}>Delivered</Tag>;
  if (state === "pending") return <Tag tone="attention" icon={<Clock3 size={13} aria-hidden="true" />}>Waiting</Tag>;
  return <Tag tone="bad" icon={<CircleX size={13} aria-hidden="true" />}>Dead</Tag>;
}

const iso = (at: number): string => new Date(at * 1000).toISOString();

const COLUMNS: Column<WebhookDelivery>[] = [
  { head: "Created", text: (row) => iso(row.created_at), cell: (row) => <Time at={row.created_at} /> },
  { head: "State", text: (row) => row.state, cell: (row) => <State state={row.state} /> },
  { head: "Field", text: (row) => row.field, cell: (row) => <span className="font-mono text-12">{row.field}</span> },
  { head: "Endpoint", wide: true, text: (row) => row.url, cell: (row) => <span className="block max-w-[22rem] truncate font-mono text-12 text-muted" title={row.url}>{row.url}</span> },
  { head: "Attempts", end: true, text: (row) => row.attempts, cell: (row) => row.attempts },
  { head: "Last answer", text: (row) => row.last_error ?? row.last_status ?? "", cell: (row) => <span className={row.last_error ? "text-bad" : "text-muted tabular"}>{row.last_error ?? row.last_status ?? "–"}</span> },
  { head: "Next try", end: true, text: (row) => (row.next_attempt_at === null ? "" : iso(row.next_attempt_at)), cell: (row) => (row.next_attempt_at === null || row.state !== "pending" ? <span className="text-faint">–</span> : <Time at={row.next_attempt_at} />) },
];

type Props = { state: DeliveryState | undefined; deliveryId: string | undefined };

export function Webhooks({ state, deliveryId }: Props) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const list = useInfiniteQuery(queries.webhookDeliveries());
  const all = list.data?.pages.flatMap((page) => page.data);
  const rows = all?.filter((row) => state === undefined || row.state === state);
  const opened = all?.find((row) => row.delivery_id === deliveryId);

  function show(next: { state: DeliveryState | undefined; delivery: string | undefined }): void {
    const search = { ...(next.state === undefined ? {} : { state: next.state }), ...(next.delivery === undefined ? {} : { delivery: next.delivery }) };
    void navigate({ to: "/operator/webhooks", search });
  }

  return (
    <>
      <PageHead title="Webhooks" note="Each event is tried for seven days. What still fails then stays here, and can be sent again.">
        <Segments label="State" value={state ?? "all"} options={STATES} onChange={(next) => show({ state: next === "all" ? undefined : next, delivery: undefined })} />
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable("webhook-deliveries", COLUMNS, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      <DataTable
        label="Webhook deliveries"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.delivery_id}
        rowLabel={(row) => `Delivery of ${row.field}, ${row.state}, ${row.attempts} attempts`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => show({ state, delivery: row.delivery_id })}
        empty={
          <Empty icon={<Webhook size={30} strokeWidth={1.5} />} title={state === undefined ? "No events yet" : "None in this state"}>
            {state === undefined ? "When a business subscribes with its callback address, every message and status that is sent to it shows here, with its body." : "Choose another state, or load more."}
          </Empty>
        }
        footer={<More list={list} />}
      />
      <Dialog open={opened !== undefined} onClose={() => show({ state, delivery: undefined })} title="Webhook delivery" side="end" wide>
        {opened && <Delivery delivery={opened} />}
      </Dialog>
    </>
  );
}

function Delivery({ delivery }: { delivery: WebhookDelivery }) {
  return (
    <div className="grid gap-6">
      <dl className="grid gap-x-6 gap-y-2.5 sm:grid-cols-[8rem_minmax(0,1fr)]">
        <Pair name="State"><State state={delivery.state} /></Pair>
        <Pair name="Field"><span className="font-mono text-13">{delivery.field}</span></Pair>
        <Pair name="Endpoint"><span className="font-mono text-13 break-all">{delivery.url}</span></Pair>
        <Pair name="Created"><Time at={delivery.created_at} /></Pair>
        <Pair name="Attempts"><span className="tabular">{delivery.attempts}</span></Pair>
        <Pair name="Last answer"><span className={delivery.last_error ? "text-bad" : ""}>{delivery.last_error ?? delivery.last_status ?? "none yet"}</span></Pair>
        {delivery.state === "pending" && delivery.next_attempt_at !== null && <Pair name="Next try"><Time at={delivery.next_attempt_at} /></Pair>}
        <Pair name="Business account"><Id value={delivery.waba_id} what="business account id" /></Pair>
        <Pair name="Delivery"><Id value={delivery.delivery_id} what="delivery id" /></Pair>
      </dl>
      <Resend delivery={delivery} />
      <section aria-label="Body">
        <h3 className="mb-2 font-semibold">Body</h3>
        <Json value={delivery.body} label="Body of the webhook" />
      </section>
    </div>
  );
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Resend({ delivery }: { delivery: WebhookDelivery }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const resend = useMutation({
    mutationFn: () => operatorCalls.resend(token, delivery.delivery_id),
    onSuccess: () => client.invalidateQueries({ queryKey: ["operator", "webhook-deliveries"] }),
  });
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Button kind="solid" small disabled={resend.isPending} onClick={() => resend.mutate()}>
        <RotateCcw size={15} aria-hidden="true" />
        {resend.isPending ? "Sending…" : "Send again"}
      </Button>
      <p role="status" className="text-13 text-muted">
        {resend.isSuccess ? "It is in the queue, and goes out next." : "The receiver gets the same event with the same signature."}
      </p>
      {resend.error && (
        <p role="alert" className="w-full text-13 text-bad">
          {resend.error.message}
        </p>
      )}
    </div>
  );
}
