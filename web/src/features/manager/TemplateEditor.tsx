/**
 * # Writing a template
 *
 * The form at the start of the line, the phone at its end, and both say the same at every moment. What is sent to the
 * Cloud API stands below, to learn from.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import type { MessageTemplate } from "@/api/manager";
import { Button, IconButton } from "@/ui/Button";
import { Field, TextArea } from "@/ui/Field";
import { Json } from "@/ui/Json";
import { Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { TemplatePreview } from "./TemplatePreview";
import { Back } from "./Back";
import { useManager } from "./session";
import { BUTTONS_MAX, EMPTY_DRAFT, LIMITS, componentsOf, draftOf, faultsOf, gapsOf, requestOf } from "./template";
import type { Draft, DraftButton } from "./template";

const CATEGORIES = [
  { value: "UTILITY", label: "Utility: about something they asked for" },
  { value: "MARKETING", label: "Marketing: offers and news" },
] as const;

const LANGUAGES = ["en", "en_US", "en_GB", "de", "es", "es_MX", "fr", "it", "nl", "pl", "pt_BR", "pt_PT", "tr", "uk", "ar", "hi", "id", "ja", "zh_CN"];
const names = new Intl.DisplayNames(undefined, { type: "language" });
const LANGUAGE_OPTIONS = LANGUAGES.map((code) => ({ value: code, label: `${names.of(code.replace("_", "-")) ?? code} (${code})` }));

const BUTTON_TYPES = [
  { value: "QUICK_REPLY", label: "Quick reply" },
  { value: "URL", label: "Opens a page" },
  { value: "PHONE_NUMBER", label: "Calls a number" },
  { value: "COPY_CODE", label: "Copies a code" },
] as const;
const VALUE_LABELS: Record<DraftButton["type"], string> = { QUICK_REPLY: "", URL: "Address", PHONE_NUMBER: "Number", COPY_CODE: "Code" };

export function NewTemplate() {
  return (
    <>
      <Back to="/manager/templates">Templates</Back>
      <Editor title="New template" start={EMPTY_DRAFT} template={null} />
    </>
  );
}

export function EditTemplate({ templateId }: { templateId: string }) {
  const { queries } = useManager();
  const query = useQuery(queries.template(templateId));
  const draft = query.data && draftOf(query.data);
  return (
    <>
      <Back to="/manager/templates">Templates</Back>
      {query.data && draft ? (
        <Editor title={`Edit ${query.data.name}`} start={draft} template={query.data} />
      ) : query.data ? (
        <p className="text-muted">This template has parts that the editor does not know: change it through the API.</p>
      ) : query.error ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </>
  );
}

function Editor({ title, start, template }: { title: string; start: Draft; template: MessageTemplate | null }) {
  const { calls, account } = useManager();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(start);
  const [tried, setTried] = useState(false);
  const set = (change: Partial<Draft>): void => setDraft({ ...draft, ...change });
  const found = faultsOf(draft);
  const faults = tried ? found : {};
  const gaps = gapsOf(`${draft.header}\n${draft.body}`);

  const save = useMutation({
    mutationFn: async () => {
      if (template === null) return (await calls.createTemplate(account.id, requestOf(draft))).id;
      await calls.editTemplate(template.id, { category: draft.category, components: componentsOf(draft) });
      return template.id;
    },
    onSuccess: async (id) => {
      await client.invalidateQueries({ queryKey: ["manager"] });
      await navigate({ to: "/manager/templates/$templateId", params: { templateId: id } });
    },
  });

  return (
    <div className="grid gap-8 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <form
        className="min-w-0"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (Object.keys(found).length === 0) save.mutate();
        }}
      >
        <h1 className="mb-5 text-28 font-semibold tracking-tight">{title}</h1>
        <Section title="What it is">
          <div className="grid gap-4 sm:grid-cols-2">
            <div className="sm:col-span-2">
              <Field label="Name" value={draft.name} disabled={template !== null} placeholder="order_ready" spellCheck={false} maxLength={LIMITS.name} error={faults.name ?? null} onChange={(event) => set({ name: event.target.value })} className="font-mono disabled:opacity-60" />
            </div>
            <Select label="Category" value={draft.category} options={CATEGORIES} onChange={(category) => set({ category })} />
            {template === null ? <Select label="Language" value={draft.language} options={LANGUAGE_OPTIONS} onChange={(language) => set({ language })} /> : <Field label="Language" value={draft.language} disabled readOnly className="disabled:opacity-60" />}
          </div>
        </Section>
        <Section title="What it says">
          <div className="grid gap-4">
            <Field label="Header (optional)" value={draft.header} error={faults.header ?? null} onChange={(event) => set({ header: event.target.value })} />
            <TextArea
              label="Body"
              rows={5}
              value={draft.body}
              placeholder="Hello {{1}}, your order {{2}} is ready."
              error={faults.body ?? null}
              hint={
                <>
                  Gaps are <code className="font-mono text-12">{"{{1}}"}</code>, <code className="font-mono text-12">{"{{2}}"}</code>, or by name. *bold*, _italic_ and ~struck~ work. {draft.body.length} of {LIMITS.body} characters.
                </>
              }
              onChange={(event) => set({ body: event.target.value })}
            />
            <Field label="Footer (optional)" value={draft.footer} error={faults.footer ?? null} onChange={(event) => set({ footer: event.target.value })} />
          </div>
        </Section>
        {gaps.length > 0 && (
          <Section title="What the gaps may hold">
            <div className="grid gap-4 sm:grid-cols-2">
              {gaps.map((gap) => (
                <Field key={gap} label={`Example for {{${gap}}}`} value={draft.examples[gap] ?? ""} error={(draft.examples[gap] ?? "") === "" ? (faults.examples ?? null) : null} onChange={(event) => set({ examples: { ...draft.examples, [gap]: event.target.value } })} />
              ))}
            </div>
          </Section>
        )}
        <Buttons buttons={draft.buttons} error={faults.buttons ?? null} onChange={(buttons) => set({ buttons })} />
        <div className="mb-7 flex flex-wrap items-center gap-3">
          <Button kind="solid" type="submit" disabled={save.isPending}>
            {save.isPending ? "Submitting…" : "Submit for review"}
          </Button>
          {save.error ? (
            <p role="alert" className="text-13 text-bad">
              {save.error.message}
            </p>
          ) : (
            tried && Object.keys(found).length > 0 && <p className="text-13 text-bad">Some fields need a look.</p>
          )}
        </div>
        <Section title="What is sent">
          <p className="mb-2 font-mono text-13 text-muted">POST /{template === null ? `${account.id}/message_templates` : template.id}</p>
          <Json value={template === null ? requestOf(draft) : { category: draft.category, components: componentsOf(draft) }} label="The request" />
        </Section>
      </form>
      <div className="xl:sticky xl:top-7 xl:self-start">
        <TemplatePreview components={componentsOf(draft)} />
      </div>
    </div>
  );
}

function Buttons({ buttons, error, onChange }: { buttons: readonly DraftButton[]; error: string | null; onChange: (buttons: DraftButton[]) => void }) {
  const put = (at: number, change: Partial<DraftButton>): void => onChange(buttons.map((each, n) => (n === at ? { ...each, ...change } : each)));
  const add: ReactNode = buttons.length < BUTTONS_MAX && (
    <Button small onClick={() => onChange([...buttons, { type: "QUICK_REPLY", text: "", value: "" }])}>
      <Plus size={15} aria-hidden="true" />
      Add a button
    </Button>
  );
  return (
    <Section title="Buttons" action={add}>
      {buttons.length === 0 && <p className="text-muted">None. A quick reply spares people the typing; a page or a number is one press away.</p>}
      <ol className="grid gap-3">
        {buttons.map((button, n) => (
          <li key={n} className="grid gap-3 rounded-14 border bg-surface p-4 sm:grid-cols-[12rem_minmax(0,1fr)_minmax(0,1fr)_auto] sm:items-end">
            <Select label={`Button ${n + 1}`} value={button.type} options={BUTTON_TYPES} onChange={(type) => put(n, { type })} />
            {button.type !== "COPY_CODE" && <Field label="Label" value={button.text} maxLength={LIMITS.button} onChange={(event) => put(n, { text: event.target.value })} />}
            {button.type !== "QUICK_REPLY" && <Field label={VALUE_LABELS[button.type]} value={button.value} onChange={(event) => put(n, { value: event.target.value })} />}
            <IconButton label={`Remove button ${n + 1}`} className="sm:col-start-4 sm:mb-1" onClick={() => onChange(buttons.filter((_, at) => at !== n))}>
              <X size={17} />
            </IconButton>
          </li>
        ))}
      </ol>
      {error !== null && (
        <p role="alert" className="mt-2 text-13 text-bad">
          {error}
        </p>
      )}
    </Section>
  );
}
