/**
 * # The plan of the business
 *
 * What it has, what else there is, and what a change costs to the day before it is made.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { Problem } from "@/api/http";
import { planCalls, planQueries } from "@/api/plans";
import type { OwnPlan, Plan as PlanRow, Subscription, Term } from "@/api/plans";
import { money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Dialog } from "@/ui/Dialog";
import { ErrorNote, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { Steps, SubscriptionState, dayName, gives, priceOf } from "@/ui/plans";
import { useManager } from "./session";

const TERMS = [
  { value: "month", label: "Monthly" },
  { value: "year", label: "Yearly" },
] as const;

export function Plan({ term }: { term: Term }) {
  const { token } = useManager();
  const navigate = useNavigate();
  const query = useQuery(planQueries(token).plan());
  const [wanted, setWanted] = useState<PlanRow | null>(null);
  const [canceling, setCanceling] = useState(false);
  const own = query.data;
  const live = own?.subscription?.is_live === true ? own.subscription : null;
  return (
    <>
      <PageHead title="Plan" note="Paid from the balance. Messages are charged beside it, as ever.">
        <Segments label="Paid" value={term} options={TERMS} onChange={(next) => void navigate({ to: "/manager/plan", search: { term: next } })} />
      </PageHead>
      {query.error && !own && <ErrorNote message={query.error.message} requestId={query.error instanceof Problem ? query.error.requestId : null} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton rows={6} height={72} />}
      {own && (
        <>
          {own.subscription && <Current subscription={own.subscription} plans={own.plans} onCancel={() => setCanceling(true)} />}
          <ul className="grid gap-4 lg:grid-cols-3">
            {own.plans.map((plan) => (
              <Card key={plan.key} plan={plan} term={term} own={own} onChoose={() => setWanted(plan)} />
            ))}
          </ul>
          {own.pages.length > 0 && (
            <div className="mt-8">
              <Section title="Your public page">
                <Pages pages={own.pages} />
              </Section>
            </div>
          )}
          {own.steps.length > 0 && (
            <div className="mt-8">
              <Section title="What happened">
                <Steps steps={own.steps} />
              </Section>
            </div>
          )}
        </>
      )}
      <Dialog open={wanted !== null} onClose={() => setWanted(null)} title={wanted === null ? "Plan" : `${live ? "Change to" : "Begin with"} ${wanted.name}`}>
        {wanted && own && (live ? <Change plan={wanted} term={term} onDone={() => setWanted(null)} /> : <Begin plan={wanted} term={term} own={own} onDone={() => setWanted(null)} />)}
      </Dialog>
      <Dialog open={canceling} onClose={() => setCanceling(false)} title="Cancel the plan">
        {live && <CancelPlan subscription={live} onDone={() => setCanceling(false)} />}
      </Dialog>
    </>
  );
}

/** Where people find the business who are not on Plaza yet. */
function Pages({ pages }: { pages: OwnPlan["pages"] }) {
  return (
    <>
      <p className="mb-3 text-13 text-muted">It shows the profile of the number, its products if the catalog is shown, and the way into the chat. Anybody can open it.</p>
      <ul className="divide-y rounded-14 border bg-surface">
        {pages.map((page) => (
          <li key={page.path} className="flex flex-wrap items-baseline gap-x-3 px-4 py-2.5">
            <span className="font-medium">{page.name}</span>
            <a href={page.path} target="_blank" rel="noreferrer" className="min-w-0 break-words underline">
              {`${window.location.origin}${page.path}`}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Runs a step of the subscription, and reads everything anew that it may have changed. */
function useStep<Answer>(run: () => Promise<Answer>, onDone?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["manager"] });
      onDone?.();
    },
  });
}

function Failed({ error }: { error: Error | null }) {
  return error ? (
    <p role="alert" className="text-13 text-bad">
      {error.message}
    </p>
  ) : null;
}

function Current({ subscription, plans, onCancel }: { subscription: Subscription; plans: readonly PlanRow[]; onCancel: () => void }) {
  const { token } = useManager();
  const calls = planCalls(token);
  const plan = plans.find((each) => each.key === subscription.plan);
  const keep = useStep(() => calls.step("keep"));
  const pause = useStep(() => calls.step("pause"));
  const resume = useStep(() => calls.step("resume"));
  const pay = useStep(() => calls.step("pay"));
  const { status, cancel_at_end: ends } = subscription;
  return (
    <section aria-label="Your plan" className="mb-6 rounded-14 border bg-surface px-5 py-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="text-16 font-semibold">{plan?.name ?? subscription.plan}</h2>
        <SubscriptionState subscription={subscription} />
        <span className="text-muted tabular">
          {money(subscription.price_micros, subscription.currency)} a {subscription.term}
        </span>
      </div>
      <p className="mt-1 text-pretty text-muted">{saying(subscription)}</p>
      {subscription.is_live && (
        <div className="mt-3 flex flex-wrap gap-2">
          {status === "past_due" && (
            <Button kind="solid" small disabled={pay.isPending} onClick={() => pay.mutate()}>
              Pay now
            </Button>
          )}
          {ends && (
            <Button kind="solid" small disabled={keep.isPending} onClick={() => keep.mutate()}>
              Keep the plan
            </Button>
          )}
          {status === "active" && !ends && (
            <Button small disabled={pause.isPending} onClick={() => pause.mutate()}>
              Pause
            </Button>
          )}
          {status === "paused" && (
            <Button kind="solid" small disabled={resume.isPending} onClick={() => resume.mutate()}>
              Resume
            </Button>
          )}
          <Button kind="danger" small onClick={onCancel}>
            Cancel…
          </Button>
        </div>
      )}
      <Failed error={pay.error ?? keep.error ?? pause.error ?? resume.error} />
    </section>
  );
}

function saying(of: Subscription): string {
  const amount = money(of.price_micros, of.currency);
  if (of.cancel_at_end && of.is_live) return `It ends on ${dayName(of.to)}. Until then everything stays as it is.`;
  if (of.status === "trialing") return `Free until ${dayName(of.to)}; then ${amount} are taken from the balance.`;
  if (of.status === "active") return `Paid until ${dayName(of.to)}; then ${amount} are taken from the balance.`;
  if (of.status === "past_due") return `The balance did not cover ${amount}. It is tried again each day, and the plan ends on ${of.grace_until === null ? "" : dayName(of.grace_until)} unless it is paid.`;
  if (of.status === "paused") return `${of.paused_days ?? 0} paid days wait. Nothing of the plan works meanwhile, the badge included.`;
  return of.status === "ended" ? "It was not paid within its days of grace." : "It was canceled.";
}

function Card({ plan, term, own, onChoose }: { plan: PlanRow; term: Term; own: OwnPlan; onChoose: () => void }) {
  const live = own.subscription?.is_live === true ? own.subscription : null;
  const isOwn = live?.plan === plan.key;
  const isSame = isOwn && live.term === term;
  const price = priceOf(plan, term, own.balance.currency);
  const mayTry = live === null && !own.had_trial && plan.trial_days > 0;
  const changeable = live === null || live.status === "active" || live.status === "trialing";
  return (
    <li className="flex flex-col rounded-14 border bg-surface px-5 py-4">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="text-16 font-semibold">{plan.name}</h2>
        {isOwn && <Tag tone="good">Yours</Tag>}
      </div>
      <p className="mt-1 text-20 font-semibold tabular">
        {price ?? "Not sold"} {price !== null && <span className="text-13 font-normal text-muted">a {term}</span>}
      </p>
      <p className="mt-1 text-pretty text-muted">{plan.summary}</p>
      <ul className="mt-3 mb-4 grid grow content-start gap-1.5">
        {gives(plan).map((what) => (
          <li key={what} className="flex items-start gap-2">
            <Check size={16} className="mt-0.5 shrink-0 text-good" aria-hidden="true" />
            {what}
          </li>
        ))}
      </ul>
      <Button kind={live === null ? "solid" : "quiet"} disabled={isSame || price === null || !plan.is_offered || !changeable} onClick={onChoose} aria-label={`${label(isSame, live !== null, mayTry, plan)}: ${plan.name}`}>
        {label(isSame, live !== null, mayTry, plan)}
      </Button>
    </li>
  );
}

function label(isSame: boolean, isLive: boolean, mayTry: boolean, plan: PlanRow): string {
  if (isSame) return "Your plan";
  if (isLive) return "Change…";
  return mayTry ? `Try ${plan.trial_days} days free…` : "Choose…";
}

function Begin({ plan, term, own, onDone }: { plan: PlanRow; term: Term; own: OwnPlan; onDone: () => void }) {
  const { token } = useManager();
  const mayTry = !own.had_trial && plan.trial_days > 0;
  const start = useStep(() => planCalls(token).start(plan.key, term, mayTry), onDone);
  const price = priceOf(plan, term, own.balance.currency);
  return (
    <div className="grid gap-4">
      <p>
        {mayTry ? (
          <>
            {plan.trial_days} days are free. After that {price} a {term} are taken from the balance, unless you cancel before. A trial is had once.
          </>
        ) : (
          <>
            {price} are taken from the balance now, and then each {term}. There are {money(own.balance.available_micros, own.balance.currency)} on it.
          </>
        )}
      </p>
      <Badge plan={plan} />
      <Failed error={start.error} />
      <Button kind="solid" disabled={start.isPending} onClick={() => start.mutate()}>
        {mayTry ? "Begin the trial" : `Pay ${price}`}
      </Button>
    </div>
  );
}

/** The badge needs a review beside the plan. */
function Badge({ plan }: { plan: PlanRow }): ReactNode {
  if (plan.entitlements["badge"] === undefined) return null;
  return (
    <p className="text-13 text-muted">
      The badge is shown once the operator has <Link to="/manager/verification" className="underline hover:text-ink">verified your business</Link>.
    </p>
  );
}

function Change({ plan, term, onDone }: { plan: PlanRow; term: Term; onDone: () => void }) {
  const { token } = useManager();
  const query = useQuery(planQueries(token).quote(plan.key, term));
  const change = useStep(() => planCalls(token).change(plan.key, term), onDone);
  if (query.error) return <ErrorNote message={query.error.message} requestId={query.error instanceof Problem ? query.error.requestId : null} onRetry={() => void query.refetch()} />;
  const quote = query.data;
  if (!quote) return <Skeleton rows={3} />;
  const amount = (micros: number): string => money(micros, quote.currency, "exact");
  return (
    <div className="grid gap-4">
      {quote.is_trial ? (
        <p>The trial goes on, and nothing is charged now. On {dayName(quote.next_payment)} the first payment is {money(quote.price_micros, quote.currency)}.</p>
      ) : (
        <>
          <Pairs framed>
            <Pair name={`${quote.days} of ${quote.days_of_term} days`}>
              <span className="tabular">{amount(quote.charge_micros)}</span>
            </Pair>
            <Pair name="Rest of the old plan">
              <span className="tabular">− {amount(quote.credit_micros)}</span>
            </Pair>
            <Pair name={quote.due_micros >= 0 ? "To pay now" : "Comes back now"}>
              <strong className="font-semibold tabular">{amount(Math.abs(quote.due_micros))}</strong>
            </Pair>
          </Pairs>
          <p className="text-13 text-muted">
            The next payment is on {dayName(quote.next_payment)}: {money(quote.price_micros, quote.currency)}.
          </p>
        </>
      )}
      <Failed error={change.error} />
      <Button kind="solid" disabled={change.isPending} onClick={() => change.mutate()}>
        Change to {plan.name}
      </Button>
    </div>
  );
}

function CancelPlan({ subscription, onDone }: { subscription: Subscription; onDone: () => void }) {
  const { token } = useManager();
  const atEnd = useStep(() => planCalls(token).cancel("at_end"), onDone);
  const now = useStep(() => planCalls(token).cancel("now"), onDone);
  const canWait = (subscription.status === "active" || subscription.status === "trialing") && !subscription.cancel_at_end;
  return (
    <div className="grid gap-3">
      <p>With the plan go the badge and the higher limits. Messages, numbers and templates stay.</p>
      {canWait && (
        <Button disabled={atEnd.isPending} onClick={() => atEnd.mutate()}>
          End it on {dayName(subscription.to)}
        </Button>
      )}
      <Button kind="danger" disabled={now.isPending} onClick={() => now.mutate()}>
        End it now
      </Button>
      <p className="text-13 text-muted">Paid days that are left come back to the balance when it ends now.</p>
      <Failed error={atEnd.error ?? now.error} />
    </div>
  );
}
