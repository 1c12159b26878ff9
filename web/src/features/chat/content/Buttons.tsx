/** The buttons below a template or a card: each does what it says, and what was answered says so. */
import { Check, CircleSlash, Copy, IdCard, Phone, Reply } from "lucide-react";
import { useState } from "react";
import { clsx } from "clsx";
import { core, useSession } from "@/core/core";
import type { TemplateButton } from "@/core/content";
import type { Item } from "@/core/types";
import { telephone } from "@/lib/web";
import { chosenIn, hasAnswered, payloadOf, useAnswering } from "../answering";
import type { Answers } from "../answering";
import { useHere } from "../here";
import { ActionControls } from "./ActionControls";
import { CONTROL, Control, Controls, Refusal, Said, WebLink } from "@/ui/message";

type Props = { item: Item; buttons: readonly TemplateButton[]; answers: Answers; card?: number };

export function Buttons({ item, buttons, answers, card }: Props) {
  if (buttons.length === 0) return null;
  return (
    <Controls>
      {buttons.map((button, index) => (
        <OneButton key={index} item={item} button={button} index={index} answers={answers} {...(card === undefined ? {} : { card })} />
      ))}
    </Controls>
  );
}

type One = { item: Item; button: TemplateButton; index: number; answers: Answers; card?: number };

function OneButton({ item, button, index, answers, card }: One) {
  switch (button.kind) {
    case "QUICK_REPLY":
      return <QuickReply item={item} button={button} index={index} answers={answers} {...(card === undefined ? {} : { card })} />;
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
      return <ShareNumber item={item} button={button} answers={answers} />;
    default:
      return button.action?.type ? (
        <ActionControls item={item} action={button.action} answers={answers} label={button.text} />
      ) : button.kind === "VOICE_CALL" ? (
        <ActionControls item={item} action={{ type: "voice_call", text: button.text, expires_at: 0, payload: button.value }} answers={answers} label={button.text} />
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

function QuickReply({ item, button, index, answers, card }: One) {
  const { busy, failed, send } = useAnswering(item);
  const answer = chosenIn(answers);
  const chosen = answer === payloadOf(button);
  return (
    <>
      <Control
        aria-label={chosen ? `${button.text}, your answer` : undefined}
        chosen={chosen}
        disabled={answer !== null || busy}
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
function ShareNumber({ item, button, answers }: { item: Item; button: TemplateButton; answers: Answers }) {
  const { id } = useHere();
  const session = useSession();
  const { busy, failed, run } = useAnswering(item);
  const shared = hasAnswered(answers, "contacts");
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
