/** What the numbers of invoices and credit notes look like: set for a year before its first number, without gaps ever after. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { FormEvent } from "react";
import { settingCalls, settingQueries } from "@/api/settings";
import type { InvoiceNumbers as Numbers } from "@/api/settings";
import { count } from "@/lib/money";
import { wrongAt } from "@/ui/Address";
import { Button } from "@/ui/Button";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { useOperator } from "./session";

const KINDS: Record<Numbers["kind"], string> = { invoice: "Invoices", credit_note: "Credit notes" };
const named = (of: Numbers): string => `${KINDS[of.kind]} of ${of.year}`;

function columnsWith(change: (of: Numbers) => void): Column<Numbers>[] {
  return [
    { head: "Numbers of", text: named, cell: (row) => <span className="font-medium">{named(row)}</span> },
    { head: "Next", text: (row) => row.next, cell: (row) => <span className="font-mono text-12">{row.next}</span> },
    { head: "Given out", end: true, wide: true, text: (row) => row.last, cell: (row) => count(row.last) },
    {
      head: "Change", end: true, text: () => "",
      cell: (row) =>
        row.last > 0 ? (
          <span className="text-muted">in use</span>
        ) : (
          <Button small aria-label={`Change the numbers of ${named(row)}`} onClick={() => change(row)}>
            Change
          </Button>
        ),
    },
  ];
}

export function InvoiceNumbers() {
  const { token } = useOperator();
  const numbers = useQuery(settingQueries(token).numbers());
  const [changing, setChanging] = useState<Numbers | null>(null);
  return (
    <Section title="Numbers">
      <DataTable label="Numbers of documents" columns={columnsWith(setChanging)} rows={numbers.data} rowKey={named} error={numbers.error} onRetry={() => void numbers.refetch()} empty={null} />
      <p className="mt-2 text-13 text-muted">Numbers have no gaps. What they look like is chosen before the first one of a year, and holds for the years after it.</p>
      <Dialog open={changing !== null} onClose={() => setChanging(null)} title={changing ? named(changing) : ""} description="From that year on, until you change it for a later one." sticky focusField>
        {changing && <SeriesForm of={changing} onDone={() => setChanging(null)} />}
      </Dialog>
    </Section>
  );
}

function SeriesForm({ of, onDone }: { of: Numbers; onDone: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [prefix, setPrefix] = useState(of.prefix);
  const [year, setYear] = useState<"4" | "2">(of.year_digits === 2 ? "2" : "4");
  const [digits, setDigits] = useState(String(of.digits));
  const isNumber = /^\d{1,2}$/.test(digits.trim());
  const save = useMutation({
    mutationFn: () => settingCalls(token).setNumbers(of.kind, { year: of.year, prefix: prefix.trim(), year_digits: Number(year), digits: Number(digits) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: settingQueries(token).key });
      onDone();
    },
  });
  const wrong = (name: string): string | null => wrongAt(save.error, name);
  const sample = `${prefix.trim()}${String(of.year).slice(-Number(year))}-${"1".padStart(isNumber ? Math.min(Number(digits), 10) : 1, "0")}`;
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label="Begins with" autoComplete="off" maxLength={16} value={prefix} error={wrong("prefix")} hint="Capital letters, digits, hyphens, slashes and dots." onChange={(event) => setPrefix(event.target.value.toUpperCase())} />
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Select label="Year" value={year} options={[{ value: "4", label: String(of.year) }, { value: "2", label: String(of.year).slice(-2) }]} onChange={setYear} />
        <Field label="Digits of the number" inputMode="numeric" value={digits} error={isNumber ? wrong("digits") : "3 to 10"} onChange={(event) => setDigits(event.target.value)} />
      </div>
      <p className="text-13 text-muted">
        The first one will be <span className="font-mono text-12 text-ink">{sample}</span>
      </p>
      {save.error && ["prefix", "digits"].every((name) => wrong(name) === null) && (
        <p role="alert" className="text-13 text-bad">
          {save.error.message}
        </p>
      )}
      <Button kind="solid" type="submit" disabled={save.isPending || !isNumber || prefix.trim() === ""}>
        Save
      </Button>
    </form>
  );
}
