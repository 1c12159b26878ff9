/**
 * # Groups
 *
 * The groups of a number: what each is called, who is in it, who waits to be let in, and the link by which people come. The
 * business makes a group and manages it; nobody is put into one.
 */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, Users } from "lucide-react";
import { useState } from "react";
import type { GroupRow } from "@/api/manager";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field, TextArea } from "@/ui/Field";
import { More } from "@/ui/More";
import { Empty, Failed } from "@/ui/Problem";
import { Select } from "@/ui/Select";
import { Time } from "@/ui/Time";
import { GroupView } from "./GroupView";
import { useManager } from "./session";
import { useNumber } from "./useNumber";

const SUBJECT_CHARACTERS_MAX = 128;
const DESCRIPTION_CHARACTERS_MAX = 2048;
const MODES = [
  { value: "auto_approve", label: "Everybody who has the link" },
  { value: "approval_required", label: "Only whom you let in" },
] as const;

const COLUMNS: Column<GroupRow>[] = [
  { head: "Subject", text: (row) => row.subject, cell: (row) => <span className="block max-w-[12rem] truncate font-medium sm:max-w-[26rem]">{row.subject}</span> },
  { head: "Made", text: (row) => new Date(Number(row.created_at) * 1000).toISOString(), cell: (row) => <Time at={Number(row.created_at)} /> },
  { head: "Group id", wide: true, text: (row) => row.id, cell: (row) => <Id value={row.id} what="group id" /> },
];

export function Groups({ numberId, groupId }: { numberId: string | undefined; groupId: string | undefined }) {
  const { queries } = useManager();
  const navigate = useNavigate();
  const { numbers, number, error, retry } = useNumber(numberId);
  const list = useInfiniteQuery({ ...queries.groups(number?.id ?? ""), enabled: number !== undefined });
  const rows = list.data?.pages.flatMap((page) => page.data.groups);
  const [making, setMaking] = useState(false);
  function show(group: string | undefined): void {
    void navigate({ to: "/manager/groups", search: { ...(numberId === undefined ? {} : { number: numberId }), ...(group === undefined ? {} : { group }) } });
  }
  const add = (
    <Button kind="solid" small disabled={!number} onClick={() => setMaking(true)}>
      <Plus size={15} aria-hidden="true" />
      New group
    </Button>
  );
  return (
    <>
      <PageHead title="Groups" note="Up to eight people and you in one encrypted conversation. People come by an invite link.">
        {(numbers?.length ?? 0) > 1 && number && (
          <Select label="Number" hideLabel value={number.id} options={(numbers ?? []).map((each) => ({ value: each.id, label: each.verified_name }))} onChange={(next) => void navigate({ to: "/manager/groups", search: { number: next } })} />
        )}
        {add}
      </PageHead>
      {numbers === undefined && error ? (
        <Failed error={error} onRetry={retry} />
      ) : (
        <DataTable
          label="Groups"
          columns={COLUMNS}
          rows={numbers?.length === 0 ? [] : rows}
          rowKey={(row) => row.id}
          rowLabel={(row) => `Group ${row.subject}`}
          error={list.error}
          onRetry={() => void list.refetch()}
          onOpen={(row) => show(row.id)}
          empty={
            numbers?.length === 0 ? (
              <Empty icon={<Users size={30} strokeWidth={1.5} />} title="No groups yet">
                A group belongs to one of your numbers, and you have none yet.
              </Empty>
            ) : (
              <Empty icon={<Users size={30} strokeWidth={1.5} />} title="No groups yet" action={add}>
                Talk with several people at once: a party that orders together, a family that moves, a trip. You make the group and send its link; whoever follows it is in, or waits until you let them.
              </Empty>
            )
          }
          footer={<More list={list} />}
        />
      )}
      <Dialog open={making} onClose={() => setMaking(false)} title="New group" description={number ? `${number.verified_name} manages it.` : ""} focusField sticky>
        {number && (
          <NewGroup
            phone={number.id}
            onDone={() => setMaking(false)}
          />
        )}
      </Dialog>
      <Dialog open={groupId !== undefined} onClose={() => show(undefined)} title={rows?.find((row) => row.id === groupId)?.subject ?? "Group"} side="end" wide>
        {groupId !== undefined && <GroupView id={groupId} />}
      </Dialog>
    </>
  );
}

function NewGroup({ phone, onDone }: { phone: string; onDone: () => void }) {
  const { calls } = useManager();
  const client = useQueryClient();
  const [subject, setSubject] = useState("");
  const [description, setDescription] = useState("");
  const [mode, setMode] = useState<string>("auto_approve");
  const make = useMutation({
    mutationFn: () => calls.createGroup(phone, { subject: subject.trim(), description: description.trim(), join_approval_mode: mode }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["manager", "groups"] });
      onDone();
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
      <Field label="Subject" value={subject} maxLength={SUBJECT_CHARACTERS_MAX} placeholder="Bread club" onChange={(event) => setSubject(event.target.value)} error={make.error?.message ?? null} />
      <TextArea label="Description" value={description} rows={3} maxLength={DESCRIPTION_CHARACTERS_MAX} hint="Everybody sees it before they come in." onChange={(event) => setDescription(event.target.value)} />
      <Select label="Who comes in" value={mode} options={MODES} onChange={setMode} />
      <Button kind="solid" type="submit" disabled={subject.trim() === "" || make.isPending}>
        Make the group
      </Button>
    </form>
  );
}
