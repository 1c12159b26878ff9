/** # Flows: forms that people fill in without leaving the conversation. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ListChecks, Plus } from "lucide-react";
import { useState } from "react";
import type { FlowRow } from "@/api/manager";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty } from "@/ui/Problem";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { words } from "@/ui/categories";
import { EXAMPLE_FORM } from "./exampleFlow";
import { useManager } from "./session";

const CATEGORIES = ["SIGN_UP", "SIGN_IN", "APPOINTMENT_BOOKING", "LEAD_GENERATION", "CONTACT_US", "CUSTOMER_SUPPORT", "SURVEY", "OTHER"].map((value) => ({ value, label: words(value) }));

export function FlowTag({ status }: { status: string }) {
  return <Tag tone={status === "PUBLISHED" ? "good" : status === "DRAFT" ? "attention" : status === "DEPRECATED" ? "plain" : "bad"}>{words(status)}</Tag>;
}

const COLUMNS: Column<FlowRow>[] = [
  { head: "Name", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { head: "Status", text: (row) => row.status, cell: (row) => <FlowTag status={row.status} /> },
  { head: "For", text: (row) => row.categories.join(" "), cell: (row) => row.categories.map(words).join(", ") },
  {
    head: "Faults",
    text: (row) => row.validation_errors.length,
    cell: (row) => (row.validation_errors.length === 0 ? <span className="text-muted">None</span> : <span className="text-bad">{row.validation_errors.length}</span>),
  },
  { head: "Endpoint", wide: true, text: (row) => row.endpoint_uri ?? "", cell: (row) => <span className="block max-w-[18rem] truncate font-mono text-12 text-muted">{row.endpoint_uri ?? "–"}</span> },
  { head: "Flow id", wide: true, text: (row) => row.id, cell: (row) => <Id value={row.id} what="flow id" /> },
];

export function Flows() {
  const { queries, account } = useManager();
  const navigate = useNavigate();
  const list = useQuery(queries.flows(account.id));
  const [making, setMaking] = useState(false);
  const add = (
    <Button kind="solid" small onClick={() => setMaking(true)}>
      <Plus size={15} aria-hidden="true" />
      New flow
    </Button>
  );
  return (
    <>
      <PageHead title="Flows" note="Forms inside a conversation: bookings, sign-ups, questions. A draft is tried here; a published one can be sent.">
        {add}
      </PageHead>
      <DataTable
        label="Flows"
        columns={COLUMNS}
        rows={list.data}
        rowKey={(row) => row.id}
        rowLabel={(row) => `Flow ${row.name}, ${row.status}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/manager/flows/$flowId", params: { flowId: row.id } })}
        empty={
          <Empty icon={<ListChecks size={30} strokeWidth={1.5} />} title="No flows yet" action={add}>
            A new flow begins with a small example that works. Change its JSON, see it on the phone beside it, publish it, and send it with a button.
          </Empty>
        }
      />
      <Dialog open={making} onClose={() => setMaking(false)} title="New flow" description="It begins as a draft with an example in it." focusField>
        <NewFlow />
      </Dialog>
    </>
  );
}

function NewFlow() {
  const { calls, account } = useManager();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [category, setCategory] = useState("OTHER");
  const make = useMutation({
    mutationFn: async () => {
      const { id } = await calls.createFlow(account.id, name.trim(), category);
      await calls.uploadFlow(id, JSON.stringify(EXAMPLE_FORM, null, 2));
      return id;
    },
    onSuccess: async (id) => {
      await client.invalidateQueries({ queryKey: ["manager", "flows"] });
      await navigate({ to: "/manager/flows/$flowId", params: { flowId: id } });
    },
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Field label="Name" value={name} placeholder="Table booking" hint="People do not see it." error={make.error?.message ?? null} onChange={(event) => setName(event.target.value)} />
      <Select label="What it is for" value={category} options={CATEGORIES} onChange={setCategory} />
      <Button kind="solid" type="submit" disabled={name.trim() === "" || make.isPending}>
        Make the flow
      </Button>
    </form>
  );
}
