/**
 * # API keys
 *
 * The access tokens of the business: what each is for, what it may do, until when. The server keeps only their
 * fingerprints, so a new one is shown once.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { ApiKey } from "@/api/manager";
import { useNow } from "@/lib/clock";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { CopyButton, Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty } from "@/ui/Problem";
import { Pair, Pairs } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { useManager } from "./session";

const SCOPES = [
  { name: "whatsapp_business_messaging", label: "Messaging", what: "send messages and files" },
  { name: "whatsapp_business_management", label: "Management", what: "numbers, templates, webhooks, flows; and this console" },
] as const;
const LIFETIMES = [
  { value: "", label: "Never" },
  { value: "1", label: "After a day" },
  { value: "30", label: "After 30 days" },
  { value: "90", label: "After 90 days" },
  { value: "365", label: "After a year" },
] as const;

function nameOf(key: ApiKey): string {
  return key.name ?? (key.is_delegated ? "A system user's or partner's token" : "The first token");
}

function Ends({ at }: { at: number | null }) {
  const now = useNow();
  if (at === null) return <>Never</>;
  return at * 1000 <= now ? <Tag tone="bad">Over</Tag> : <Time at={at} />;
}

const COLUMNS: Column<ApiKey>[] = [
  {
    head: "Name",
    text: nameOf,
    cell: (row) => (
      <span className="inline-flex items-center gap-2 font-medium">
        {nameOf(row)}
        {row.is_own && <Tag tone="good">This one</Tag>}
      </span>
    ),
  },
  { head: "Token", text: (row) => row.ending ?? "", cell: (row) => <span className="font-mono text-12 text-muted">{row.ending === null ? "PLZ…" : `PLZ…${row.ending}`}</span> },
  {
    head: "May do",
    text: (row) => row.scopes.join(" "),
    cell: (row) => (
      <span className="inline-flex gap-1">
        {SCOPES.filter((scope) => row.scopes.includes(scope.name)).map((scope) => (
          <Tag key={scope.name}>{scope.label}</Tag>
        ))}
      </span>
    ),
  },
  { head: "Made", wide: true, text: (row) => row.issued_at, cell: (row) => <Time at={row.issued_at} /> },
  { head: "Ends", text: (row) => row.expires_at ?? "", cell: (row) => <Ends at={row.expires_at} /> },
];

export function Keys() {
  const { queries } = useManager();
  const list = useQuery(queries.keys());
  const [making, setMaking] = useState(false);
  const [opened, setOpened] = useState<ApiKey | null>(null);
  return (
    <>
      <PageHead title="API keys" note="A key for each program: then one can be taken back without stopping the others.">
        <Button kind="solid" small onClick={() => setMaking(true)}>
          <Plus size={15} aria-hidden="true" />
          New key
        </Button>
      </PageHead>
      <DataTable
        label="API keys"
        columns={COLUMNS}
        rows={list.data}
        rowKey={(row) => row.key_id}
        rowLabel={(row) => `Key ${nameOf(row)}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={setOpened}
        empty={
          <Empty icon={<KeyRound size={30} strokeWidth={1.5} />} title="No keys">
            A key lets a program call the API. Make one for each program.
          </Empty>
        }
      />
      <Dialog open={making} onClose={() => setMaking(false)} title="New key" sticky focusField>
        <NewKey onDone={() => setMaking(false)} />
      </Dialog>
      <Dialog open={opened !== null} onClose={() => setOpened(null)} title={opened ? nameOf(opened) : "Key"}>
        {opened && <OneKey apiKey={opened} onDone={() => setOpened(null)} />}
      </Dialog>
    </>
  );
}

function OneKey({ apiKey, onDone }: { apiKey: ApiKey; onDone: () => void }) {
  return (
    <div className="grid gap-5">
      <Pairs>
        <Pair name="May">
          {SCOPES.filter((scope) => apiKey.scopes.includes(scope.name)).map((scope) => (
            <span key={scope.name} className="block">
              {scope.label}: <span className="text-muted">{scope.what}</span>
            </span>
          ))}
        </Pair>
        <Pair name="Made"><Time at={apiKey.issued_at} /></Pair>
        <Pair name="Ends"><Ends at={apiKey.expires_at} /></Pair>
        <Pair name="App"><Id value={apiKey.app_id} what="app id" /></Pair>
        <Pair name="Fingerprint"><Id value={apiKey.key_id} what="fingerprint" /></Pair>
      </Pairs>
      {apiKey.is_own ? <p className="rounded-8 bg-sunken px-3 py-2.5 text-13 text-muted">You are signed in with this key. To revoke it, sign in with another one.</p> : <Revoke apiKey={apiKey} onDone={onDone} />}
    </div>
  );
}

function NewKey({ onDone }: { onDone: () => void }) {
  const { calls, session } = useManager();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["whatsapp_business_messaging"]);
  const [days, setDays] = useState<string>("");
  const make = useMutation({
    mutationFn: () => calls.createKey({ name: name.trim(), scopes: [...scopes], ...(days === "" ? {} : { expires_in_days: Number(days) }) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["manager", "keys"] }),
  });
  if (make.data) {
    return (
      <div className="grid gap-4">
        <p>Copy it now: it is shown this once, and kept by nobody but you.</p>
        <div className="flex items-center gap-2 rounded-8 border bg-canvas px-3 py-2">
          <code className="min-w-0 grow font-mono text-13 break-all" aria-label="New access token">
            {make.data.access_token}
          </code>
          <CopyButton text={make.data.access_token} what="access token" />
        </div>
        <Button kind="solid" onClick={onDone}>
          I have it
        </Button>
      </div>
    );
  }
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Field label="What it is for" value={name} maxLength={64} placeholder="Till in the shop" error={make.error?.message ?? null} onChange={(event) => setName(event.target.value)} />
      <fieldset className="grid gap-2">
        <legend className="mb-1 text-13 font-medium">What it may do</legend>
        {SCOPES.filter((scope) => session.scopes.includes(scope.name)).map((scope) => (
          <label key={scope.name} className="flex min-h-6 items-start gap-2.5">
            <input
              type="checkbox"
              className="mt-0.5 size-4 accent-[var(--accent)]"
              checked={scopes.includes(scope.name)}
              onChange={(event) => setScopes(event.target.checked ? [...scopes, scope.name] : scopes.filter((each) => each !== scope.name))}
            />
            <span>
              {scope.label}: <span className="text-muted">{scope.what}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Select label="Ends" value={days} options={LIFETIMES} onChange={setDays} />
      <Button kind="solid" type="submit" disabled={name.trim() === "" || scopes.length === 0 || make.isPending}>
        Make the key
      </Button>
    </form>
  );
}

function Revoke({ apiKey, onDone }: { apiKey: ApiKey; onDone: () => void }) {
  const { calls } = useManager();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => calls.revokeKey(apiKey.key_id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["manager", "keys"] });
      onDone();
    },
  });
  return (
    <div className="grid gap-3">
      {revoke.error && (
        <p role="alert" className="text-13 text-bad">
          {revoke.error.message}
        </p>
      )}
      <p className="text-13 text-muted">Whatever uses it is refused within seconds. This cannot be undone.</p>
      <Button kind="danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
        Revoke {nameOf(apiKey)}
      </Button>
    </div>
  );
}
