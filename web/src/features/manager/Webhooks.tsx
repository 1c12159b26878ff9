/**
 * # Webhooks
 *
 * Two views of one thing: every delivery with what came back, and the subscriptions that decide where they go. The nearest
 * address wins: the number's, then the account's, then the app's.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { DeliveryState } from "@/api/deliveries";
import type { Subscriptions as Shown } from "@/api/manager";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { CopyButton } from "@/ui/CopyButton";
import { Deliveries } from "@/ui/Deliveries";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { useManager } from "./session";

export type WebhookSearch = { view?: "subscriptions"; state?: DeliveryState; field?: string; delivery?: string };

const VIEWS = [
  { value: "deliveries", label: "Deliveries" },
  { value: "subscriptions", label: "Subscriptions" },
] as const;

export function Webhooks({ search }: { search: WebhookSearch }) {
  const { queries } = useManager();
  const navigate = useNavigate();
  const view = search.view ?? "deliveries";
  return (
    <>
      <PageHead title="Webhooks" note="Each event is tried for seven days. What still fails then stays here, and can be sent again.">
        <Segments label="View" value={view} options={VIEWS} onChange={(next) => void navigate({ to: "/manager/webhooks", search: next === "subscriptions" ? { view: next } : {} })} />
      </PageHead>
      {view === "subscriptions" ? (
        <Subscriptions />
      ) : (
        <Deliveries
          queries={queries.deliveries}
          filter={{ state: search.state, field: search.field }}
          open={search.delivery}
          onShow={(filter, open) =>
            void navigate({
              to: "/manager/webhooks",
              search: { ...(filter.state === undefined ? {} : { state: filter.state }), ...(filter.field === undefined ? {} : { field: filter.field }), ...(open === undefined ? {} : { delivery: open }) },
            })
          }
          empty={
            <>
              Say under Subscriptions where your program listens. From then on every message and every status is sent there, signed, and shows here with what came back.
            </>
          }
        />
      )}
    </>
  );
}

function Subscriptions() {
  const { queries, session, account } = useManager();
  const query = useQuery(queries.subscriptions(account.id, session.app.id));
  if (query.data) return <Both subscriptions={query.data} />;
  return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={5} />;
}

function Address({ url }: { url: string }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-1 font-mono text-13">
      <span className="break-all">{url}</span>
      <CopyButton text={url} what="callback address" />
    </span>
  );
}

function Both({ subscriptions }: { subscriptions: Shown }) {
  const { session, account, calls } = useManager();
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const own = subscriptions.account.find((each) => each.id === session.app.id);
  const change = useMutation({
    mutationFn: (what: "own" | "leave") => (what === "own" ? calls.subscribe(account.id, null) : calls.unsubscribe(account.id)),
    onSuccess: () => client.invalidateQueries({ queryKey: ["manager", "subscriptions"] }),
  });
  return (
    <div className="max-w-3xl">
      <Section title={`The account ${account.name}`}>
        <div className="rounded-14 border bg-surface">
          <div className="px-4 py-3">
            {own ? (
              <>
                <Tag tone="good">Your app hears of it</Tag>
                <p className="mt-2">{own.override === null ? subscriptions.app ? "Its events go to the app's callback." : "No callback is set: nothing is sent yet. Give the account an address here." : <Address url={own.override} />}</p>
              </>
            ) : (
              <>
                <Tag tone="attention">Your app hears nothing of it</Tag>
                <p className="mt-2 text-muted">Subscribe, and every message and status of this account goes to your callback.</p>
              </>
            )}
            {subscriptions.account.filter((each) => each.id !== session.app.id).map((each) => (
              <p key={each.id} className="mt-2 text-13 text-muted">
                {each.name} hears of it too.
              </p>
            ))}
          </div>
          <div className="flex flex-wrap items-center gap-2 border-t px-4 py-3">
            <Button kind="solid" small onClick={() => setEditing(true)}>
              {own?.override ? "Change the address" : "Set an address for this account"}
            </Button>
            {(!own || own.override !== null) && (
              <Button small disabled={change.isPending} onClick={() => change.mutate("own")}>
                Use the app's callback
              </Button>
            )}
            {own && (
              <Button small kind="danger" disabled={change.isPending} onClick={() => change.mutate("leave")}>
                Unsubscribe
              </Button>
            )}
            {change.error && (
              <p role="alert" className="w-full text-13 text-bad">
                {change.error.message}
              </p>
            )}
          </div>
        </div>
      </Section>
      <Section title={`The app ${session.app.name ?? session.app.id}`}>
        <div className="rounded-14 border bg-surface px-4 py-3">
          {subscriptions.app ? (
            <>
              <Address url={subscriptions.app.callback_url} />
              <p className="mt-3 mb-1.5 text-13 text-muted">Fields that it hears of</p>
              <ul className="flex flex-wrap gap-1.5">
                {subscriptions.app.fields.map((field) => (
                  <li key={field} className="rounded-6 bg-sunken px-2 py-0.5 font-mono text-12">
                    {field}
                  </li>
                ))}
              </ul>
            </>
          ) : (
            <p className="text-muted">
              It has no callback of its own. One for all of its accounts is set with <code className="font-mono text-13">POST /{session.app.id}/subscriptions</code>.
            </p>
          )}
        </div>
      </Section>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Where events of this account go" description="The address is asked first: it must answer with the challenge." focusField>
        <SetCallback onDone={() => setEditing(false)} />
      </Dialog>
    </div>
  );
}

function SetCallback({ onDone }: { onDone: () => void }) {
  const { calls, account } = useManager();
  const client = useQueryClient();
  const [url, setUrl] = useState("");
  const [verifyToken, setVerifyToken] = useState("");
  const save = useMutation({
    mutationFn: () => calls.subscribe(account.id, { url: url.trim(), verifyToken }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["manager", "subscriptions"] });
      onDone();
    },
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label="Callback address" type="url" inputMode="url" placeholder="https://example.org/webhook" value={url} error={save.error?.message ?? null} onChange={(event) => setUrl(event.target.value)} className="font-mono" />
      <Field label="Verify token" value={verifyToken} autoComplete="off" hint="A word of your choice, which your program compares." onChange={(event) => setVerifyToken(event.target.value)} />
      <Button kind="solid" type="submit" disabled={save.isPending || url.trim() === "" || verifyToken === ""}>
        {save.isPending ? "Asking the address…" : "Verify and save"}
      </Button>
    </form>
  );
}
