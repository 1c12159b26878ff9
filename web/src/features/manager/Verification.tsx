/** # Verification: showing who the business is, and where that stands. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BadgeCheck, Circle, CircleCheck, FileText, Trash2, Upload } from "lucide-react";
import { useRef, useState } from "react";
import type { ReactNode } from "react";
import { Problem } from "@/api/http";
import { DOCUMENT_TYPES, planCalls, planQueries } from "@/api/plans";
import type { Application, DocumentKind, Verification as State } from "@/api/plans";
import { Button, IconButton, buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Field } from "@/ui/Field";
import { ErrorNote, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { DOCUMENT_KINDS, Steps, VerificationState, kindOf, size } from "@/ui/plans";
import { useManager } from "./session";

const WANTED: Record<string, string> = {
  legal_name: "The legal name",
  registration_number: "The registration number",
  address: "The address",
  "document:registration": "A proof of registration",
};

export function Verification() {
  const { token } = useManager();
  const query = useQuery(planQueries(token).verification());
  const state = query.data;
  return (
    <div className="max-w-3xl">
      <PageHead title="Verification" note="Show that your business is who it says it is. People then see a badge beside its name.">
        {state && <VerificationState status={state.status} />}
      </PageHead>
      {query.error && !state && <ErrorNote message={query.error.message} requestId={query.error instanceof Problem ? query.error.requestId : null} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton rows={6} height={56} />}
      {state && <Stand state={state} />}
    </div>
  );
}

function Stand({ state }: { state: State }) {
  const open = ["draft", "more_wanted", "rejected", "withdrawn"].includes(state.status);
  return (
    <>
      <Note state={state} />
      {open ? <Apply key={state.business_id} state={state} /> : <Given state={state} />}
      <Documents state={state} open={open} />
      {open && <SendIn state={state} />}
      {state.steps.length > 0 && (
        <Section title="What happened">
          <Steps steps={state.steps} />
        </Section>
      )}
    </>
  );
}

function Note({ state }: { state: State }): ReactNode {
  const said = state.words === "" ? "" : `The operator writes: “${state.words}”`;
  const texts: Partial<Record<State["status"], ReactNode>> = {
    pending: "Your application is being looked at. It can be changed after the decision.",
    more_wanted: <>Something more is wanted. {said}</>,
    rejected: <>It was not approved. {said} Change what is wrong, and send it in again.</>,
    withdrawn: <>The verification was withdrawn. {said} You may apply again.</>,
    approved: state.shows_badge ? (
      "People see the badge beside your name."
    ) : (
      <>
        Your business is verified. The badge comes with a plan: <Link to="/manager/plan" className="underline">choose one</Link>.
      </>
    ),
  };
  const text = texts[state.status];
  if (text === undefined) return null;
  return (
    <p role="note" className="mb-6 flex items-start gap-2.5 rounded-14 border bg-surface px-4 py-3">
      {state.status === "approved" && <BadgeCheck size={18} className="mt-0.5 shrink-0 text-accent-text" aria-hidden="true" />}
      <span>{text}</span>
    </p>
  );
}

function useChange<Value, Answer>(run: (value: Value) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: () => client.invalidateQueries({ queryKey: ["manager", "verification"] }) });
}

function Apply({ state }: { state: State }) {
  const { token } = useManager();
  const [form, setForm] = useState<Application>({ legal_name: state.legal_name, registration_number: state.registration_number, address: state.address, website: state.website });
  const save = useChange((application: Application) => planCalls(token).save(application));
  const field = (name: keyof Application, label: string, placeholder: string) => (
    <Field label={label} value={form[name]} placeholder={placeholder} onChange={(event) => setForm({ ...form, [name]: event.target.value })} />
  );
  const kept = (["legal_name", "registration_number", "address", "website"] as const).every((name) => form[name] === state[name]);
  return (
    <Section title="The business">
      <form
        className="grid gap-4 rounded-14 border bg-surface px-5 py-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(form);
        }}
      >
        {field("legal_name", "Legal name", "As it is registered")}
        {field("registration_number", "Registration number", "Where and under which number, for example HRB 1234 B")}
        {field("address", "Address", "Street, town, country")}
        {field("website", "Website (optional)", "https://")}
        {save.error && (
          <p role="alert" className="text-13 text-bad">
            {save.error.message}
          </p>
        )}
        <Button type="submit" disabled={kept || save.isPending} className="justify-self-start">
          {kept && state.legal_name !== "" ? "Saved" : "Save"}
        </Button>
      </form>
    </Section>
  );
}

function Given({ state }: { state: State }) {
  return (
    <Section title="The business">
      <p className="rounded-14 border bg-surface px-5 py-4">
        <span className="block font-medium">{state.legal_name}</span>
        <span className="block text-muted">{state.registration_number}</span>
        <span className="block text-muted">{state.address}</span>
        {state.website !== "" && <span className="block text-muted">{state.website}</span>}
      </p>
    </Section>
  );
}

function Documents({ state, open }: { state: State; open: boolean }) {
  const { token } = useManager();
  const [kind, setKind] = useState<DocumentKind>("registration");
  const input = useRef<HTMLInputElement>(null);
  const add = useChange(async (file: File) => planCalls(token).addDocument(kind, file));
  const remove = useChange((id: string) => planCalls(token).removeDocument(id));
  return (
    <Section title="Documents">
      <div className="rounded-14 border bg-surface">
        {state.documents.length === 0 && <p className="px-5 py-4 text-muted">None yet. PDF, PNG or JPEG, up to 10 MB each. Only you and the operator can open them.</p>}
        <ul className="divide-y">
          {state.documents.map((document) => (
            <li key={document.document_id} className="flex items-center gap-3 px-5 py-2.5">
              <FileText size={18} className="shrink-0 text-muted" aria-hidden="true" />
              <span className="min-w-0 grow">
                <span className="block truncate font-medium">{document.name}</span>
                <span className="block text-13 text-muted">
                  {kindOf(document.kind)}, {size(document.bytes)}
                </span>
              </span>
              {open && (
                <IconButton label={`Take ${document.name} away`} disabled={remove.isPending} onClick={() => remove.mutate(document.document_id)}>
                  <Trash2 size={17} />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
        {open && (
          <div className="flex flex-wrap items-end gap-3 border-t px-5 py-4">
            <Select label="Kind" value={kind} options={DOCUMENT_KINDS} onChange={setKind} className="min-w-56 grow" />
            <input
              ref={input}
              type="file"
              accept={DOCUMENT_TYPES}
              aria-label="Document"
              className="sr-only"
              tabIndex={-1}
              onChange={(event) => {
                const file = event.target.files?.[0];
                event.target.value = "";
                if (file) add.mutate(file);
              }}
            />
            <Button className="h-11" disabled={add.isPending} onClick={() => input.current?.click()}>
              <Upload size={16} aria-hidden="true" />
              {add.isPending ? "Uploading…" : "Add a document"}
            </Button>
            {(add.error ?? remove.error) && (
              <p role="alert" className="w-full text-13 text-bad">
                {(add.error ?? remove.error)?.message}
              </p>
            )}
          </div>
        )}
      </div>
    </Section>
  );
}

function SendIn({ state }: { state: State }) {
  const { token } = useManager();
  const submit = useChange(() => planCalls(token).submit());
  return (
    <Section title="Send it in">
      <div className="rounded-14 border bg-surface px-5 py-4">
        <ul className="mb-4 grid gap-1.5">
          {Object.entries(WANTED).map(([name, label]) => {
            const there = !state.missing.includes(name);
            return (
              <li key={name} className="flex items-center gap-2">
                {there ? <CircleCheck size={17} className="text-good" aria-hidden="true" /> : <Circle size={17} className="text-faint" aria-hidden="true" />}
                {label}
                <span className="sr-only">{there ? ": is there" : ": is missing"}</span>
              </li>
            );
          })}
        </ul>
        <Button kind="solid" disabled={state.missing.length > 0 || submit.isPending} onClick={() => submit.mutate(undefined)}>
          Send it to the operator
        </Button>
        <Link to="/manager/plan" className={`${buttonLook("bare")} ms-2`}>
          Plans with the badge
        </Link>
        {submit.error && (
          <p role="alert" className="mt-2 text-13 text-bad">
            {submit.error.message}
          </p>
        )}
      </div>
    </Section>
  );
}
