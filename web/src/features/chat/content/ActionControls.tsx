/**
 * # What one can do with a question
 *
 * The controls of each kind of action; below a template they stand among its buttons, with the button's own words. The
 * larger windows (products, forms, addresses) are loaded when somebody opens them.
 */
import { Check, CircleSlash, List, MapPin, MapPinHouse, Phone, PhoneOff, ReceiptText, Reply, ShoppingBasket, TextCursorInput } from "lucide-react";
import { Suspense, lazy, useState } from "react";
import type { ReactNode } from "react";
import { line } from "@/core/core";
import type { Action, Choice, OrderDetailsAction, ShopAction, VoiceCallAction } from "@/core/content";
import type { Item } from "@/core/types";
import { useNow } from "@/lib/clock";
import { telephone } from "@/lib/web";
import { Dialog } from "@/ui/Dialog";
import { chosenIn, hasAnswered, replyIn, useAnswering } from "../answering";
import type { Answers } from "../answering";
import { useHere } from "../here";
import { OrderDetailsView } from "./OrderDetailsView";
import { CONTROL, Control, Refusal, Said, WebLink } from "@/ui/message";

const ListDialog = lazy(() => import("./ListDialog").then((module) => ({ default: module.ListDialog })));
const ShopDialog = lazy(() => import("./ShopDialog").then((module) => ({ default: module.ShopDialog })));
const AddressDialog = lazy(() => import("./AddressDialog").then((module) => ({ default: module.AddressDialog })));
const PlaceDialog = lazy(() => import("../PlaceDialog").then((module) => ({ default: module.PlaceDialog })));
const FlowDialog = lazy(() => import("./FlowDialog").then((module) => ({ default: module.FlowDialog })));

type Of<Kind extends Action> = { item: Item; action: Kind; answers: Answers; label: string | null };

export function ActionControls({ item, action, answers, label }: Of<Action>) {
  switch (action.type) {
    case "buttons":
      return <ReplyButtons item={item} choices={action.buttons} answers={answers} />;
    case "list":
      return (
        <Opens icon={<List size={15} aria-hidden="true" />} label={label ?? (action.button || "Choose")} answered={replyIn(answers, "row")?.title ?? null}>
          {(close) => <ListDialog item={item} list={action} onClose={close} />}
        </Opens>
      );
    case "link":
      return <WebLink text={label ?? action.text} url={action.url} />;
    case "flow":
      return (
        <Opens icon={<TextCursorInput size={15} aria-hidden="true" />} label={label ?? (action.text || "Open the form")} answered={replyIn(answers, "form") ? "Filled in" : null}>
          {(close) => <FlowDialog item={item} action={action} onClose={close} />}
        </Opens>
      );
    case "product":
    case "product_list":
    case "catalog":
      return <Shop item={item} action={action} answers={answers} label={label} />;
    case "location_request":
      return (
        <Opens icon={<MapPin size={15} aria-hidden="true" />} label={label ?? "Share a place"} answered={hasAnswered(answers, "location") ? "You shared a place" : null}>
          {(close) => <SharePlace item={item} onClose={close} />}
        </Opens>
      );
    case "address":
      return (
        <Opens icon={<MapPinHouse size={15} aria-hidden="true" />} label={label ?? "Give an address"} answered={replyIn(answers, "form") ? "You gave an address" : null}>
          {(close) => <AddressDialog item={item} request={action} onClose={close} />}
        </Opens>
      );
    case "call_permission":
      return <CallPermission item={item} answers={answers} />;
    case "voice_call":
      return <VoiceCall call={action} label={label} />;
    case "order_details":
      return <OrderButton order={action} label={label} />;
    default:
      return <Said icon={<CircleSlash size={14} aria-hidden="true" />}>{label ?? "This version of Plaza cannot answer this yet."}</Said>;
  }
}

/** A control that opens a window; once it is answered it says so and rests. */
function Opens({ icon, label, answered, children }: { icon: ReactNode; label: string; answered: string | null; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Control disabled={answered !== null} chosen={answered !== null} aria-label={answered === null ? undefined : `${answered}, your answer`} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {answered === null ? icon : <Check size={15} aria-hidden="true" />}
        {answered ?? label}
      </Control>
      {open && <Suspense fallback={null}>{children(() => setOpen(false))}</Suspense>}
    </>
  );
}

function ReplyButtons({ item, choices, answers }: { item: Item; choices: readonly Choice[]; answers: Answers }) {
  const { busy, failed, send } = useAnswering(item);
  const answer = chosenIn(answers);
  return (
    <>
      {choices.map((choice, index) => {
        const chosen = answer === choice.id;
        return (
          <Control
            key={choice.id}
            aria-label={chosen ? `${choice.title}, your answer` : undefined}
            chosen={chosen}
            disabled={answer !== null || busy}
            onClick={() => void send({ do: "button", index })}
          >
            {chosen ? <Check size={15} aria-hidden="true" /> : <Reply size={15} aria-hidden="true" />}
            {choice.title}
          </Control>
        );
      })}
      <Refusal>{failed}</Refusal>
    </>
  );
}

/** One may order again: an order before it is no answer that closes the shop. */
function Shop({ item, action, answers, label }: Of<ShopAction>) {
  const words = action.type === "product" ? "Order this" : "See the products";
  return (
    <>
      <Opens icon={<ShoppingBasket size={15} aria-hidden="true" />} label={label ?? words} answered={null}>
        {(close) => <ShopDialog item={item} action={action} onClose={close} />}
      </Opens>
      {hasAnswered(answers, "order") && <Said icon={<Check size={14} aria-hidden="true" />}>You ordered here</Said>}
    </>
  );
}

function SharePlace({ item, onClose }: { item: Item; onClose: () => void }) {
  const { send } = useAnswering(item);
  const { title } = useHere();
  return <PlaceDialog title="Share a place" description={`${title} asks where you are, or where to come.`} onClose={onClose} onSend={(place) => send({ do: "location", ...place })} />;
}

/** The last answer counts, and can be another one at any time. */
function CallPermission({ item, answers }: { item: Item; answers: Answers }) {
  const { busy, failed, send } = useAnswering(item);
  const [changing, setChanging] = useState(false);
  const reply = replyIn(answers, "call_permission");
  if (reply && !changing) {
    const words = !reply.is_accepted ? "You declined calls" : reply.is_permanent ? "You allowed calls" : "You allowed calls for a week";
    return (
      <>
        <Said icon={reply.is_accepted ? <Phone size={14} aria-hidden="true" /> : <PhoneOff size={14} aria-hidden="true" />}>{words}</Said>
        <Control onClick={() => setChanging(true)}>Change your answer</Control>
      </>
    );
  }
  const say = (accepted: boolean, permanent: boolean): void =>
    void send({ do: "calls", accepted, permanent, now: Math.floor(Date.now() / 1000) }).then((went) => {
      if (went) setChanging(false);
    });
  return (
    <>
      <Control disabled={busy} onClick={() => say(true, false)}>
        <Phone size={15} aria-hidden="true" />
        Allow calls for a week
      </Control>
      <Control disabled={busy} onClick={() => say(true, true)}>
        <Phone size={15} aria-hidden="true" />
        Always allow calls
      </Control>
      <Control disabled={busy} onClick={() => say(false, false)}>
        <PhoneOff size={15} aria-hidden="true" />
        No calls
      </Control>
      <Refusal>{failed}</Refusal>
    </>
  );
}

/** Calls the business here, if it takes calls here, else by telephone; after the end of the offer it only says so. */
function VoiceCall({ call, label }: { call: VoiceCallAction; label: string | null }) {
  const here = useHere();
  const { number } = here;
  const now = useNow();
  if (call.expires_at > 0 && call.expires_at * 1000 <= now) return <Said icon={<PhoneOff size={14} aria-hidden="true" />}>The time to call has passed</Said>;
  const words = label ?? (call.text || "Call now");
  if (here.takes_calls === true) {
    return (
      <Control onClick={() => void line.call(here, call.payload)}>
        <Phone size={15} aria-hidden="true" />
        {words}
      </Control>
    );
  }
  return (
    <a href={telephone(number)} className={CONTROL}>
      <Phone size={15} aria-hidden="true" />
      {words}
    </a>
  );
}

function OrderButton({ order, label }: { order: OrderDetailsAction; label: string | null }) {
  return (
    <Opens icon={<ReceiptText size={15} aria-hidden="true" />} label={label ?? "See the order"} answered={null}>
      {(close) => (
        <Dialog open onClose={close} title={`Order ${order.reference_id}`}>
          <OrderDetailsView order={order} />
        </Dialog>
      )}
    </Opens>
  );
}
