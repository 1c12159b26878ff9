/**
 * # Webhook deliveries
 *
 * Every event that left, or still tries to: state, attempts, the next try, and each call that was made with what came
 * back. Any of them can be sent again. What is dead stays until somebody does.
 */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, CircleX, Clock3, Download, RotateCcw, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import type { DeliveryFilter, DeliveryQueries, DeliveryState, DeliveryTry, DeliveryWithTries, WebhookDelivery } from "@/api/deliveries";
import { Problem } from "@/api/http";
import { Button } from "./Button";
import { Id } from "./CopyButton";
import { DataTable, downloadTable } from "./DataTable";
import type { Column } from "./DataTable";
import { Dialog } from "./Dialog";
import { Json } from "./Json";
import { More } from "./More";
import { Empty, ErrorNote, Skeleton } from "./Problem";
import { Pair, Pairs } from "./Section";
import { Segments } from "./Segments";
import { Tag } from "./Tag";
import { Time } from "./Time";

const STATES = [
  { value: "all", label: "All" },
  { value: "pending", label: "Waiting" },
  { value: "delivered", label: "Delivered" },
  { value: "dead", label: "Dead" },
] as const;

export function DeliveryTag({ state }: { state: DeliveryState }) {
  if (state === "delivered") return <Tag tone="good" icon={<Check size={13} aria-hidden="true" />}>Delivered</Tag>;
  if (state === "pending") return <Tag tone="attention" icon={<Clock3 size={13} aria-hidden="true" />}>Waiting</Tag>;
  return <Tag tone="bad" icon={<CircleX size={13} aria-hidden="true" />}>Dead</Tag>;
}

const iso = (at: number): string => new Date(at * 1000).toISOString();

const COLUMNS: Column<WebhookDelivery>[] = [
  { head: "Created", text: (row) => iso(row.created_at), cell: (row) => <Time at={row.created_at} /> },
  { head: "State", text: (row) => row.state, cell: (row) => <DeliveryTag state={row.state} /> },
  { head: "Field", text: (row) => row.field, cell: (row) => <span className="font-mono text-12">{row.field}</span> },
  { head: "Endpoint", wide: true, text: (row) => row.url, cell: (row) => <span className="block max-w-[22rem] truncate font-mono text-12 text-muted" title={row.url}>{row.url}</span> },
  { head: "Attempts", end: true, text: (row) => row.attempts, cell: (row) => row.attempts },
  { head: "Last answer", text: (row) => row.last_error ?? row.last_status ?? "", cell: (row) => <span className={row.last_error ? "text-bad" : "text-muted tabular"}>{row.last_error ?? row.last_status ?? "–"}</span> },
  { head: "Next try", end: true, text: (row) => (row.next_attempt_at === null ? "" : iso(row.next_attempt_at)), cell: (row) => (row.next_attempt_at === null || row.state !== "pending" ? <span className="text-faint">–</span> : <Time at={row.next_attempt_at} />) },
];

type Props = {
  queries: DeliveryQueries;
  filter: DeliveryFilter;
  /** The delivery that is open. */
  open: string | undefined;
  /** Puts both into the address. */
  onShow: (filter: DeliveryFilter, open: string | undefined) => void;
  /** What an empty list says when nothing narrows it. */
  empty: ReactNode;
};

export function Deliveries({ queries, filter, open, onShow, empty }: Props) {
  const list = useInfiniteQuery(queries.list(filter));
  const rows = list.data?.pages.flatMap((page) => page.data);
  const narrowed = filter.state !== undefined || filter.field !== undefined;
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Segments label="State" value={filter.state ?? "all"} options={STATES} onChange={(next) => onShow({ ...filter, state: next === "all" ? undefined : next }, undefined)} />
        {filter.field !== undefined && (
          <Button small kind="bare" onClick={() => onShow({ ...filter, field: undefined }, undefined)}>
            Only {filter.field}: show all
          </Button>
        )}
        <span className="grow" />
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable("webhook-deliveries", COLUMNS, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </div>
      <DataTable
        label="Webhook deliveries"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.delivery_id}
        rowLabel={(row) => `Delivery of ${row.field}, ${row.state}, ${row.attempts} attempts`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => onShow(filter, row.delivery_id)}
        empty={
          <Empty icon={<Webhook size={30} strokeWidth={1.5} />} title={narrowed ? "None in this state" : "No events yet"}>
            {narrowed ? "Choose another state, or show all." : empty}
          </Empty>
        }
        footer={<More list={list} />}
      />
      <Dialog open={open !== undefined} onClose={() => onShow(filter, undefined)} title="Webhook delivery" side="end" wide>
        {open !== undefined && <Delivery queries={queries} id={open} />}
      </Dialog>
    </>
  );
}

function Delivery({ queries, id }: { queries: DeliveryQueries; id: string }) {
  const query = useQuery(queries.one(id));
  if (query.data) return <Details queries={queries} delivery={query.data} />;
  if (!query.error) return <Skeleton rows={8} />;
  return <ErrorNote message={query.error.message} requestId={query.error instanceof Problem ? query.error.requestId : null} onRetry={() => void query.refetch()} />;
}

function Details({ queries, delivery }: { queries: DeliveryQueries; delivery: DeliveryWithTries }) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
      <Pairs>
        <Pair name="State"><DeliveryTag state={delivery.state} /></Pair>
        <Pair name="Field"><span className="font-mono text-13">{delivery.field}</span></Pair>
        <Pair name="Endpoint"><span className="font-mono text-13 break-all">{delivery.url}</span></Pair>
        <Pair name="Created"><Time at={delivery.created_at} /></Pair>
        <Pair name="Attempts"><span className="tabular">{delivery.attempts}</span></Pair>
        {delivery.state === "pending" && delivery.next_attempt_at !== null && <Pair name="Next try"><Time at={delivery.next_attempt_at} /></Pair>}
        <Pair name="Business account"><Id value={delivery.waba_id} what="business account id" /></Pair>
        <Pair name="Delivery"><Id value={delivery.delivery_id} what="delivery id" /></Pair>
      </Pairs>
      <Resend queries={queries} delivery={delivery} />
      <section aria-label="Calls">
        <h3 className="mb-2 font-semibold">Calls</h3>
        {delivery.tries.length === 0 ? (
          <p className="text-muted">None yet: the first goes out within a second.</p>
        ) : (
          <ol className="overflow-hidden rounded-8 border">
            {delivery.tries.map((each) => (
              <Call key={each.attempt} tried={each} />
            ))}
          </ol>
        )}
      </section>
      <section aria-label="Body">
        <h3 className="mb-1 font-semibold">Request</h3>
        <p className="mb-2 text-13 text-muted">
          <code className="font-mono">POST</code> with <code className="font-mono">X-Hub-Signature-256</code>: the HMAC of the body, byte by byte as it was sent, under the app's secret.
        </p>
        <Json value={delivery.body} label="Body of the webhook" />
      </section>
    </div>
  );
}

function Call({ tried }: { tried: DeliveryTry }) {
  const good = tried.error === null;
  return (
    <li className="border-b px-3 py-2 text-13 last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="text-faint tabular">{tried.attempt}</span>
        <Tag tone={good ? "good" : "bad"}>{tried.status ?? "No answer"}</Tag>
        <span className="grow text-muted">
          <Time at={tried.at} />
        </span>
        <span className="text-muted tabular">{tried.duration_ms} ms</span>
      </div>
      {tried.error !== null && <p className="mt-1 text-bad">{tried.error}</p>}
      {tried.answer !== null && <pre className="scroll-quiet mt-1.5 max-h-32 overflow-auto rounded-4 bg-sunken px-2 py-1 font-mono text-12 whitespace-pre-wrap wrap-anywhere">{tried.answer}</pre>}
    </li>
  );
}

function Resend({ queries, delivery }: { queries: DeliveryQueries; delivery: WebhookDelivery }) {
  const client = useQueryClient();
  const resend = useMutation({
    mutationFn: () => queries.resend(delivery.delivery_id),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.key }),
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
