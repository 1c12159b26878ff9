/** One group: its link, who waits to be let in, and who is in it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2, UserCheck, UserX } from "lucide-react";
import { useState } from "react";
import { Problem } from "@/api/http";
import type { GroupDetails, GroupPerson, JoinRequest } from "@/api/manager";
import { readableNumber } from "@/lib/number";
import { Button, IconButton } from "@/ui/Button";
import { CopyButton, Id } from "@/ui/CopyButton";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { useManager } from "./session";

export function GroupView({ id }: { id: string }) {
  const { queries } = useManager();
  const group = useQuery(queries.group(id));
  if (!group.data) return group.error ? <Failed error={group.error} onRetry={() => void group.refetch()} /> : <Skeleton rows={6} />;
  return (
    <>
      <div className="mb-6">
        <Facts group={group.data} />
      </div>
      <InviteLink id={id} />
      {group.data.join_approval_mode === "approval_required" && <Waiting id={id} />}
      <Section title={`In the group: ${group.data.participants.length} of 8`}>
        {group.data.participants.length === 0 ? (
          <p className="text-muted">Nobody yet. Send the link to those who should come, for instance in a template.</p>
        ) : (
          <ul className="divide-y rounded-14 border bg-surface">
            {group.data.participants.map((person) => (
              <li key={person.user_id} className="flex flex-wrap items-center gap-x-4 px-4 py-2.5">
                <Who person={person} />
                <Id value={person.user_id} what="user id" />
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}

function Who({ person }: { person: GroupPerson }) {
  return <span className="grow tabular">{readableNumber(`+${person.wa_id}`)}</span>;
}

function Facts({ group }: { group: GroupDetails }) {
  return (
    <Pairs>
      {group.suspended && (
        <Pair name="State">
          <Tag tone="bad">Stopped by the operator</Tag>
        </Pair>
      )}
      {group.description !== "" && <Pair name="Description"><span className="whitespace-pre-wrap break-words">{group.description}</span></Pair>}
      <Pair name="Who comes in">{group.join_approval_mode === "approval_required" ? "Only whom you let in" : "Everybody who has the link"}</Pair>
      <Pair name="Made"><Time at={group.creation_timestamp} /></Pair>
      <Pair name="Group id"><Id value={group.id} what="group id" /></Pair>
    </Pairs>
  );
}

/** The link, copied, or replaced after a question: whoever has the old one can no longer come. */
function InviteLink({ id }: { id: string }) {
  const { queries, calls } = useManager();
  const client = useQueryClient();
  const link = useQuery(queries.inviteLink(id));
  const [asked, setAsked] = useState(false);
  const reset = useMutation({
    mutationFn: () => calls.resetInviteLink(id),
    onSuccess: async () => {
      setAsked(false);
      await client.invalidateQueries({ queryKey: ["manager", "invite-link", id] });
    },
  });
  // There may be none: it was taken back.
  const none = link.error instanceof Problem && link.error.code === "100";
  if (link.error && !none) return <Failed error={link.error} onRetry={() => void link.refetch()} />;
  return (
    <Section title="Invite link">
      <div className="rounded-14 border bg-surface">
        <div className="flex min-h-12 items-center gap-2 px-4 py-2.5 text-13">
          <Link2 size={16} className="shrink-0 text-faint" aria-hidden="true" />
          {none ? (
            <span className="text-muted">There is none: nobody comes in.</span>
          ) : (
            <>
              <span className="min-w-0 grow font-mono break-all">{link.data ?? "…"}</span>
              {link.data !== undefined && <CopyButton text={link.data} what="invite link" />}
            </>
          )}
        </div>
        <div className="flex flex-wrap items-center gap-2 border-t px-4 py-2.5">
          {asked ? (
            <>
              <span className="grow text-13">The link of now lets nobody in any more.</span>
              <Button small kind="danger" disabled={reset.isPending} onClick={() => reset.mutate()}>
                Replace it
              </Button>
              <Button small onClick={() => setAsked(false)}>
                Keep it
              </Button>
            </>
          ) : (
            <Button small disabled={link.isPending || reset.isPending} onClick={() => (none ? reset.mutate() : setAsked(true))}>
              {none ? "Make a link" : "New link"}
            </Button>
          )}
          {reset.error && (
            <p role="alert" className="w-full text-13 text-bad">
              {reset.error.message}
            </p>
          )}
        </div>
      </div>
    </Section>
  );
}

function Waiting({ id }: { id: string }) {
  const { queries, calls } = useManager();
  const client = useQueryClient();
  const requests = useQuery(queries.joinRequests(id));
  const decide = useMutation({
    mutationFn: ({ request, lets }: { request: JoinRequest; lets: boolean }) => (lets ? calls.approveJoin(id, request.join_request_id) : calls.rejectJoin(id, request.join_request_id)),
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["manager", "join-requests", id] }), client.invalidateQueries({ queryKey: ["manager", "group", id] })]),
  });
  if (!requests.data) return requests.error ? <Failed error={requests.error} onRetry={() => void requests.refetch()} /> : <Skeleton rows={2} />;
  return (
    <Section title={requests.data.length === 0 ? "Waiting" : `Waiting: ${requests.data.length}${requests.data.length === 100 ? " and more" : ""}`}>
      {decide.error && (
        <p role="alert" className="mb-2 text-13 text-bad">
          {decide.error.message}
        </p>
      )}
      {requests.data.length === 0 ? (
        <p className="text-muted">Nobody waits to be let in.</p>
      ) : (
        <ul className="divide-y rounded-14 border bg-surface">
          {requests.data.map((request) => {
            const name = readableNumber(`+${request.wa_id}`);
            return (
              <li key={request.join_request_id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-1.5 ps-4 pe-2">
                <Who person={request} />
                <span className="text-13 text-muted">
                  <Time at={request.creation_timestamp} />
                </span>
                <span className="flex">
                  <IconButton label={`Let ${name} in`} disabled={decide.isPending} onClick={() => decide.mutate({ request, lets: true })}>
                    <UserCheck size={17} className="text-good" />
                  </IconButton>
                  <IconButton label={`Refuse ${name}`} disabled={decide.isPending} onClick={() => decide.mutate({ request, lets: false })}>
                    <UserX size={17} />
                  </IconButton>
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
