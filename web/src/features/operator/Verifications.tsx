/** # Verifications: who waits for a look, what people reported, and one application with its documents. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, BadgeCheck, Download, FileText, Flag } from "lucide-react";
import { useState } from "react";
import { Problem } from "@/api/http";
import { decide, openDocument, reviewQueries } from "@/api/plans";
import type { Decision, Document, Review, VerificationStatus, Waiting } from "@/api/plans";
import { Button, buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { TextArea } from "@/ui/Field";
import { Empty, ErrorNote, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { Steps, SubscriptionState, VerificationState, kindOf, size } from "@/ui/plans";
import { useOperator } from "./session";

const STATUSES = [
  { value: "waiting", label: "To look at" },
  { value: "approved", label: "Verified" },
  { value: "more_wanted", label: "More wanted" },
  { value: "rejected", label: "Rejected" },
  { value: "withdrawn", label: "Withdrawn" },
] as const;
export type QueueView = (typeof STATUSES)[number]["value"];

const COLUMNS: Column<Waiting>[] = [
  { head: "Business", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { head: "Legal name", wide: true, text: (row) => row.legal_name, cell: (row) => row.legal_name },
  { head: "State", text: (row) => row.status, cell: (row) => <VerificationState status={row.status} /> },
  {
    head: "Reports",
    text: (row) => row.reports,
    cell: (row) =>
      row.reports === 0 ? (
        <span className="text-muted">None</span>
      ) : (
        <Tag tone="bad" icon={<Flag size={13} aria-hidden="true" />}>
          {row.reports} of impersonation
        </Tag>
      ),
  },
  { head: "Since", text: (row) => row.submitted_at ?? "", cell: (row) => (row.submitted_at === null ? <span className="text-muted">Never applied</span> : <Time at={row.submitted_at} />) },
];

export function Verifications({ view }: { view: QueueView }) {
  const { token } = useOperator();
  const navigate = useNavigate();
  const list = useQuery(reviewQueries(token).waiting(view === "waiting" ? undefined : (view satisfies VerificationStatus)));
  return (
    <>
      <PageHead title="Verifications" note="Businesses that want to show who they are, and those that people say are somebody else.">
        <Segments label="State" value={view} options={STATUSES} onChange={(next) => void navigate({ to: "/operator/verifications", search: { view: next } })} />
      </PageHead>
      <DataTable
        label="Verifications"
        columns={COLUMNS}
        rows={list.data}
        rowKey={(row) => row.business_id}
        rowLabel={(row) => `Application of ${row.name}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/operator/verifications/$businessId", params: { businessId: row.business_id } })}
        empty={
          <Empty icon={<BadgeCheck size={30} strokeWidth={1.5} />} title={view === "waiting" ? "Nothing to look at" : "Nobody here"}>
            {view === "waiting" ? "When a business applies, or people report one for impersonation, it waits here." : "Businesses that stand this way show here."}
          </Empty>
        }
      />
    </>
  );
}

export function ReviewView({ businessId }: { businessId: string }) {
  const { token } = useOperator();
  const query = useQuery(reviewQueries(token).review(businessId));
  const [shown, setShown] = useState<Document | null>(null);
  const file = useMutation({
    // What the file is says the server, and never the file.
    mutationFn: async (document: Document) => URL.createObjectURL(new Blob([await openDocument(token, document.document_id)], { type: document.media_type })),
  });
  function show(document: Document): void {
    setShown(document);
    file.mutate(document);
  }
  function close(): void {
    setShown(null);
    if (file.data !== undefined) URL.revokeObjectURL(file.data);
    file.reset();
  }
  const review = query.data;
  return (
    <div className="max-w-4xl">
      <Link to="/operator/verifications" search={{ view: "waiting" }} className="mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink">
        <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
        Verifications
      </Link>
      {query.error && !review && <ErrorNote message={query.error.message} requestId={query.error instanceof Problem ? query.error.requestId : null} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton rows={8} />}
      {review && (
        <>
          <header className="mb-5 flex flex-wrap items-center gap-3">
            <h1 className="min-w-0 grow text-28 font-semibold tracking-tight">{review.name}</h1>
            <VerificationState status={review.status} />
            {review.subscription && <SubscriptionState subscription={review.subscription} />}
          </header>
          <Decide key={review.status} review={review} />
          <Section title="What it says">
            <Pairs framed>
              <Pair name="Legal name">{review.legal_name || "–"}</Pair>
              <Pair name="Registration">{review.registration_number || "–"}</Pair>
              <Pair name="Address">{review.address || "–"}</Pair>
              <Pair name="Country">{review.country}</Pair>
              <Pair name="Website">
                {review.website === "" ? "–" : <a href={review.website} target="_blank" rel="noreferrer noopener" className="break-all underline">{review.website}</a>}
              </Pair>
              <Pair name="Badge">{review.shows_badge ? "Shown to people" : review.status === "approved" ? "Not shown: no plan gives it" : "Not shown"}</Pair>
            </Pairs>
          </Section>
          <Section title="Documents">
            {review.documents.length === 0 ? (
              <p className="rounded-14 border bg-surface px-4 py-3 text-muted">None.</p>
            ) : (
              <ul className="grid gap-3 sm:grid-cols-2">
                {review.documents.map((document) => (
                  <li key={document.document_id}>
                    <button type="button" onClick={() => show(document)} className="flex w-full items-center gap-3 rounded-14 border bg-surface px-4 py-3 text-start hover:bg-sunken">
                      <FileText size={20} className="shrink-0 text-accent-text" aria-hidden="true" />
                      <span className="min-w-0">
                        <span className="block truncate font-medium">{document.name}</span>
                        <span className="block text-13 text-muted">
                          {kindOf(document.kind)}, {size(document.bytes)}
                        </span>
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </Section>
          {review.steps.length > 0 && (
            <Section title="Every step">
              <Steps steps={review.steps} />
            </Section>
          )}
          <Dialog open={shown !== null} onClose={close} title={shown?.name ?? "Document"} side="end" wide>
            {shown && <Viewer document={shown} url={file.data} error={file.error} onRetry={() => file.mutate(shown)} />}
          </Dialog>
        </>
      )}
    </div>
  );
}

/** The document itself: a picture is drawn here; a PDF is handed out, because the page may run no viewer. */
function Viewer({ document, url, error, onRetry }: { document: Document; url: string | undefined; error: Error | null; onRetry: () => void }) {
  if (error) return <ErrorNote message={error.message} requestId={error instanceof Problem ? error.requestId : null} onRetry={onRetry} />;
  if (url === undefined) return <Skeleton rows={8} />;
  return (
    <div className="grid gap-3">
      {document.media_type === "application/pdf" ? (
        <p className="rounded-8 bg-sunken px-3 py-2.5 text-muted">A PDF is opened outside of this page, so that nothing in it runs here. Save it, and open it with a viewer that you trust.</p>
      ) : (
        <img src={url} alt={`${kindOf(document.kind)}: ${document.name}`} className="w-full rounded-8 border" />
      )}
      <a href={url} download={document.name} className={`${buttonLook("quiet", true)} justify-self-start`}>
        <Download size={15} aria-hidden="true" />
        Save {document.name}
      </a>
    </div>
  );
}

const TITLES: Record<Decision, string> = { approve: "Approve", reject: "Reject", ask: "Ask for more", withdraw: "Withdraw the verification", dismiss: "Dismiss the reports" };

function Decide({ review }: { review: Review }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [asking, setAsking] = useState<Exclude<Decision, "approve"> | null>(null);
  const waits = review.status === "pending" || review.status === "seconded";
  const isFirst = review.status === "seconded" && review.approved_by === review.reviewer;
  const run = useMutation({
    mutationFn: (given: { decision: Decision; reason: string; words: string }) => decide(token, review.business_id, given.decision, { reason: given.reason, words: given.words }),
    onSuccess: async () => {
      setAsking(null);
      await client.invalidateQueries({ queryKey: ["operator"] });
    },
  });
  if (!waits && review.status !== "approved" && review.reports === 0) return null;
  return (
    <section aria-label="Decision" className="mb-6 rounded-14 border bg-surface px-5 py-4">
      {review.reports > 0 && (
        <p className="mb-3 flex items-start gap-2">
          <Flag size={17} className="mt-0.5 shrink-0 text-bad" aria-hidden="true" />
          {review.reports === 1 ? "One person says" : `${review.reports} people say`} that this business is not who it says it is.
        </p>
      )}
      {review.four_eyes && waits && (
        <p className="mb-3 text-muted">
          {review.status === "seconded" ? `${review.approved_by ?? "Somebody"} has approved. A second operator has to approve too.` : "Two different operators have to approve."}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {waits && (
          <>
            <Button kind="solid" disabled={run.isPending || isFirst} onClick={() => run.mutate({ decision: "approve", reason: "", words: "" })}>
              {isFirst ? "You have approved" : "Approve"}
            </Button>
            <Button onClick={() => setAsking("ask")}>Ask for more…</Button>
            <Button kind="danger" onClick={() => setAsking("reject")}>
              Reject…
            </Button>
          </>
        )}
        {review.status === "approved" && (
          <Button kind="danger" onClick={() => setAsking("withdraw")}>
            Withdraw…
          </Button>
        )}
        {review.reports > 0 && <Button onClick={() => setAsking("dismiss")}>Dismiss the reports…</Button>}
      </div>
      {run.error && asking === null && (
        <p role="alert" className="mt-2 text-13 text-bad">
          {run.error.message}
        </p>
      )}
      <Dialog open={asking !== null} onClose={() => setAsking(null)} title={asking === null ? "" : TITLES[asking]} sticky>
        {asking !== null && <Explain decision={asking} review={review} error={run.error} busy={run.isPending} onDecide={(reason, words) => run.mutate({ decision: asking, reason, words })} />}
      </Dialog>
    </section>
  );
}

function Explain({ decision, review, error, busy, onDecide }: { decision: Exclude<Decision, "approve">; review: Review; error: Error | null; busy: boolean; onDecide: (reason: string, words: string) => void }) {
  const listed = decision === "reject" || decision === "withdraw";
  const [reason, setReason] = useState(review.reasons[0]?.reason ?? "");
  const [words, setWords] = useState("");
  const needsWords = decision === "ask" || (listed && reason === "OTHER");
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        onDecide(listed ? reason : "", words.trim());
      }}
    >
      {listed && <Select label="Reason" value={reason} options={review.reasons.map((each) => ({ value: each.reason, label: each.what }))} onChange={setReason} />}
      <TextArea
        label={needsWords ? "In words" : "In words (optional)"}
        rows={4}
        maxLength={1000}
        value={words}
        hint={decision === "dismiss" ? "For the log." : "The business reads it."}
        error={error?.message ?? null}
        onChange={(event) => setWords(event.target.value)}
      />
      <Button kind="solid" type="submit" disabled={busy || (needsWords && words.trim() === "")}>
        {TITLES[decision]}
      </Button>
    </form>
  );
}
