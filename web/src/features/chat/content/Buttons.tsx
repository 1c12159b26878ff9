/** The buttons below a template or a card: each does what it says, and what was answered says so. */
import { Check, CircleSlash, Copy, IdCard, Phone, Reply } from "lucide-react";
import { useState } from "react";
import { clsx } from "clsx";
import { core, useSession } from "@/core/core";
import type { TemplateButton } from "@/core/content";
import type { Item } from "@/core/types";
import { telephone } from "@/lib/web";
import { answeredWith, payloadOf, useAnswering } from "../answering";
import { useHere } from "../here";
import { ActionControls } from "./ActionControls";
import { CONTROL, Control, Controls, Refusal, Said, WebLink } from "./parts";

type Props = { item: Item; buttons: readonly TemplateButton[]; answer: Item | undefined; card?: number };

export function Buttons({ item, buttons, answer, card }: Props) {
  if (buttons.length === 0) return null;
  return (
    <Controls>
      {buttons.map((button, index) => (
        <OneButton key={index} item={item} button={button} index={index} answer={answer} {...(card === undefined ? {} : { card })} />
      ))}
    </Controls>
  );
}

type One = { item: Item; button: TemplateButton; index: number; answer: Item | undefined; card?: number };

function OneButton({ item, button, index, answer, card }: One) {
  switch (button.kind) {
    case "QUICK_REPLY":
      return <QuickReply item={item} button={button} index={index} answer={answer} {...(card === undefined ? {} : { card })} />;
    case "URL":
      return <WebLink text={button.text} url={button.value} />;
    case "PHONE_NUMBER":
      return (
        <a href={telephone(button.value)} className={CONTROL}>
          <Phone size={15} aria-hidden="true" />
          {button.text}
        </a>
      );
    case "COPY_CODE":
      return <CopyCode button={button} />;
    case "REQUEST_CONTACT_INFO":
      return <ShareNumber item={item} button={button} answer={answer} />;
    default:
      return button.action?.type ? (
        <ActionControls item={item} action={button.action} answer={answer} label={button.text} />
      ) : button.kind === "VOICE_CALL" ? (
        <ActionControls item={item} action={{ type: "voice_call", text: button.text, expires_at: 0, payload: button.value }} answer={answer} label={button.text} />
      ) : (
        <Said icon={<CircleSlash size={14} aria-hidden="true" />}>{button.text}: not possible here yet</Said>
      );
  }
}

function CopyCode({ button }: { button: TemplateButton }) {
  const [copied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(button.value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  }
  return (
    <Control onClick={() => void copy()}>
      {copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
      <span aria-live="polite">{copied ? "Copied" : button.text}</span>
    </Control>
  );
}

function QuickReply({ item, button, index, answer, card }: One) {
  const { busy, failed, send } = useAnswering(item);
  const chosen = answer !== undefined && answeredWith(answer) === payloadOf(button);
  return (
    <>
      <Control
        aria-label={chosen ? `${button.text}, your answer` : undefined}
        chosen={chosen}
        disabled={answer !== undefined || busy}
        onClick={() => void send(card === undefined ? { do: "button", index } : { do: "button", index, card })}
      >
        {chosen ? <Check size={15} aria-hidden="true" /> : <Reply size={15} aria-hidden="true" className={clsx(busy && "animate-breathe")} />}
        {button.text}
      </Control>
      <Refusal>{failed}</Refusal>
    </>
  );
}

/** Tells the business one's own number: only when it is pressed. */
function ShareNumber({ item, button, answer }: { item: Item; button: TemplateButton; answer: Item | undefined }) {
  const { id } = useHere();
  const session = useSession();
  const { busy, failed, run } = useAnswering(item);
  const shared = answer?.kind === "contacts";
  return (
    <>
      <Control disabled={busy || shared} chosen={shared} onClick={() => void run(() => core.call("send_contact", id, session?.name ?? "", session?.number ?? "", item.id))}>
        {shared ? <Check size={15} aria-hidden="true" /> : <IdCard size={15} aria-hidden="true" />}
        {shared ? "You shared your number" : button.text || "Share my number"}
      </Control>
      <Refusal>{failed}</Refusal>
    </>
  );
}
