/**
 * # Numbers
 *
 * What a business sends from: how good its name is, whether anything keeps it from sending, and where its webhooks go. A
 * row opens the number with all of its ids, how it is rated, and how much of its limits is used.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, CircleMinus, Hash } from "lucide-react";
import type { PhoneNumber } from "@/api/manager";
import { readableNumber } from "@/lib/number";
import { buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { CopyButton, Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Json } from "@/ui/Json";
import { Empty } from "@/ui/Problem";
import { Pair, Pairs } from "@/ui/Section";
import { Tag } from "@/ui/Tag";
import { words } from "@/ui/categories";
import { Limits } from "./Limits";
import { Quality } from "./Quality";
import { useManager } from "./session";

/** With its country code, whatever the API writes. */
function readable(number: PhoneNumber): string {
  const digits = number.display_phone_number.replace(/[^\d]/g, "");
  return readableNumber(`+${digits}`);
}

function Sending({ number }: { number: PhoneNumber }) {
  const can = number.health_status?.can_send_message ?? (number.status === "CONNECTED" ? "AVAILABLE" : "BLOCKED");
  if (can === "AVAILABLE") return <Tag tone="good" icon={<CircleCheck size={13} aria-hidden="true" />}>Can send</Tag>;
  if (can === "LIMITED") return <Tag tone="attention" icon={<CircleAlert size={13} aria-hidden="true" />}>Limited</Tag>;
  return <Tag tone="bad" icon={<CircleMinus size={13} aria-hidden="true" />}>Cannot send</Tag>;
}

/** How many people it may write to in a day. */
function limitWords(tier: string): string {
  return tier === "TIER_UNLIMITED" ? "No limit" : words(tier.replace("TIER_", ""));
}

/** Where the webhooks of a number go: the nearest address wins. */
function callbackOf(number: PhoneNumber): { url: string; from: string } | null {
  const { phone_number: own, whatsapp_business_account: account, application: app } = number.webhook_configuration ?? {};
  if (own) return { url: own, from: "set on the number" };
  if (account) return { url: account, from: "set on the account" };
  return app ? { url: app, from: "the app's" } : null;
}

const COLUMNS: Column<PhoneNumber>[] = [
  { head: "Name", text: (row) => row.verified_name, cell: (row) => <span className="font-medium">{row.verified_name}</span> },
  { head: "Number", text: (row) => row.display_phone_number, cell: (row) => <span className="tabular">{readable(row)}</span> },
  { head: "Sending", text: (row) => row.health_status?.can_send_message ?? row.status, cell: (row) => <Sending number={row} /> },
  { head: "Quality", text: (row) => row.quality_rating, cell: (row) => <Quality rating={row.quality_rating} /> },
  { head: "People a day", wide: true, text: (row) => row.whatsapp_business_manager_messaging_limit, cell: (row) => limitWords(row.whatsapp_business_manager_messaging_limit) },
  { head: "Webhooks", wide: true, text: (row) => callbackOf(row)?.url ?? "", cell: (row) => <Callback number={row} /> },
  { head: "Phone number id", text: (row) => row.id, cell: (row) => <Id value={row.id} what="phone number id" /> },
];

function Callback({ number }: { number: PhoneNumber }) {
  const callback = callbackOf(number);
  if (!callback) return <span className="text-attention">None set</span>;
  return (
    <span className="block max-w-[16rem] truncate font-mono text-12 text-muted" title={callback.url}>
      {callback.url}
    </span>
  );
}

export function Numbers({ numberId }: { numberId: string | undefined }) {
  const { queries, account } = useManager();
  const navigate = useNavigate();
  const list = useQuery(queries.numbers(account.id));
  const opened = list.data?.find((each) => each.id === numberId);
  const show = (number: string | undefined): void => void navigate({ to: "/manager/numbers", search: number === undefined ? {} : { number } });
  return (
    <>
      <PageHead title="Numbers" note="What you send from: the name that people see, what keeps it from sending, and where its webhooks go." />
      <Ids />
      <DataTable
        label="Phone numbers"
        columns={COLUMNS}
        rows={list.data}
        rowKey={(row) => row.id}
        rowLabel={(row) => `${row.verified_name}, ${row.display_phone_number}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => show(row.id)}
        empty={
          <Empty icon={<Hash size={30} strokeWidth={1.5} />} title="No numbers yet">
            Add one with <code className="font-mono text-13">POST /{"{account}"}/phone_numbers</code>, verify it with the code that it gets, and register it. The operator sees codes of the sandbox in the outbox.
          </Empty>
        }
      />
      <Dialog open={opened !== undefined} onClose={() => show(undefined)} title={opened?.verified_name ?? "Number"} side="end" wide>
        {opened && <Details number={opened} />}
      </Dialog>
    </>
  );
}

/** What every program of the business needs, to be copied. */
function Ids() {
  const { session, account } = useManager();
  const ids = [
    { name: "Business", value: session.business_id },
    { name: "Account (WABA)", value: account.id },
    { name: "App", value: session.app.id },
    { name: "Base URL", value: location.origin },
  ];
  return (
    <dl className="mb-5 flex flex-wrap gap-x-8 gap-y-2 rounded-14 border bg-surface px-4 py-3">
      {ids.map((each) => (
        <div key={each.name} className="min-w-0">
          <dt className="text-12 text-muted">{each.name}</dt>
          <dd className="flex items-center font-mono text-13">
            <span className="truncate">{each.value}</span>
            <CopyButton text={each.value} what={each.name} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Details({ number }: { number: PhoneNumber }) {
  const faults = number.health_status?.entities?.flatMap((entity) => entity.errors ?? []) ?? [];
  const callback = callbackOf(number);
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
      {faults.map((fault) => (
        <div key={fault.error_description} role="note" className="rounded-8 bg-attention-soft px-3 py-2.5 text-attention">
          <p className="font-medium">{fault.error_description}</p>
          <p className="mt-0.5 text-13">{fault.possible_solution}</p>
        </div>
      ))}
      <Pairs>
        <Pair name="Number"><span className="tabular">{readable(number)}</span></Pair>
        <Pair name="Sending"><Sending number={number} /></Pair>
        <Pair name="Quality"><Quality rating={number.quality_rating} /></Pair>
        <Pair name="People a day">{limitWords(number.whatsapp_business_manager_messaging_limit)}</Pair>
        <Pair name="Throughput">{words(number.throughput.level)}</Pair>
        <Pair name="Name">{words(number.name_status)}</Pair>
        <Pair name="Verification">{words(number.code_verification_status)}</Pair>
        {number.username !== undefined && <Pair name="Username">{number.username}</Pair>}
        <Pair name="Official account">{number.is_official_business_account ? "Yes" : "No"}</Pair>
        <Pair name="Webhooks">
          {callback ? (
            <>
              <span className="font-mono text-13 break-all">{callback.url}</span> <span className="text-muted">({callback.from})</span>
            </>
          ) : (
            "None set"
          )}
        </Pair>
        <Pair name="Phone number id"><Id value={number.id} what="phone number id" /></Pair>
      </Pairs>
      <div className="flex flex-wrap gap-2">
        <Link to="/manager/messages" search={{ number: number.id }} className={buttonLook("quiet", true)}>
          Its messages
        </Link>
        <Link to="/manager/qr-codes" search={{ number: number.id }} className={buttonLook("quiet", true)}>
          Its QR codes
        </Link>
        <Link to="/manager/groups" search={{ number: number.id }} className={buttonLook("quiet", true)}>
          Its groups
        </Link>
        <Link to="/manager/webhooks" search={{ view: "subscriptions" }} className={buttonLook("quiet", true)}>
          Webhooks
        </Link>
      </div>
      <div>
        <Limits numberId={number.id} />
      </div>
      <Json value={number} label="JSON of the number" />
    </div>
  );
}
