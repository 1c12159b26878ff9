/** The buttons below a business's template: each does what it says. */
import { clsx } from "clsx";
import { Check, Copy, ExternalLink, Phone, Reply } from "lucide-react";
import { useState } from "react";
import { core } from "@/core/core";
import type { Item, TemplateButton } from "@/core/types";

const LOOK =
  "flex min-h-10 w-full items-center justify-center gap-2 px-3 py-2 text-14 font-medium text-accent-text transition-colors duration-150 hover:bg-sunken disabled:text-faint disabled:hover:bg-transparent";

type Props = { conversationId: string; item: Item; answer: string | null };

export function TemplateButtons({ conversationId, item, answer }: Props) {
  return (
    <div className="divide-y border-t">
      {item.template?.buttons.map((button, index) => (
        <OneButton key={index} button={button} index={index} conversationId={conversationId} item={item} answer={answer} />
      ))}
    </div>
  );
}

function OneButton({ button, index, conversationId, item, answer }: Props & { button: TemplateButton; index: number }) {
  switch (button.kind) {
    case "URL":
      return <LinkButton button={button} />;
    case "PHONE_NUMBER":
      return (
        <a href={`tel:${button.value.replace(/[^+\d]/g, "")}`} className={LOOK}>
          <Phone size={15} aria-hidden="true" />
          {button.text}
        </a>
      );
    case "COPY_CODE":
      return <CopyCode button={button} />;
    default:
      return <QuickReply button={button} index={index} conversationId={conversationId} item={item} answer={answer} />;
  }
}

/** Only web addresses open; anything else a business may write there stays a text. */
function LinkButton({ button }: { button: TemplateButton }) {
  const safe = /^https?:\/\//i.test(button.value);
  if (!safe) return <span className={clsx(LOOK, "text-faint")}>{button.text}</span>;
  return (
    <a href={button.value} target="_blank" rel="noopener noreferrer" className={LOOK}>
      <ExternalLink size={15} aria-hidden="true" />
      {button.text}
    </a>
  );
}

function CopyCode({ button }: { button: TemplateButton }) {
  const [copied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(button.value);
    setCopied(true);
  }
  return (
    <button type="button" className={LOOK} onClick={() => void copy()}>
      {copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
      {copied ? "Copied" : button.text}
    </button>
  );
}

function QuickReply({ button, index, conversationId, item, answer }: Props & { button: TemplateButton; index: number }) {
  const [failed, setFailed] = useState<string | null>(null);
  const [pressed, setPressed] = useState(false);
  async function press(): Promise<void> {
    setPressed(true);
    setFailed(null);
    try {
      await core.call("press_button", conversationId, item.id, index);
    } catch (error) {
      setPressed(false);
      setFailed(error instanceof Error ? error.message : "The answer was not sent.");
    }
  }
  const chosen = answer === button.text;
  return (
    <>
      <button type="button" aria-label={chosen ? `${button.text}, your answer` : undefined} className={clsx(LOOK, chosen && "!text-ink")} disabled={answer !== null || pressed} onClick={() => void press()}>
        {chosen ? <Check size={15} aria-hidden="true" /> : <Reply size={15} aria-hidden="true" />}
        {button.text}
      </button>
      {failed && (
        <p role="alert" className="px-3 py-2 text-13 text-bad">
          {failed}
        </p>
      )}
    </>
  );
}
