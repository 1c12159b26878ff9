/** A call that is over, as a line in the middle of the conversation; one that was missed can be answered by a call. */
import { Phone, PhoneIncoming, PhoneMissed, PhoneOff, PhoneOutgoing } from "lucide-react";
import type { ReactNode } from "react";
import { line } from "@/core/core";
import type { CallEnded } from "@/core/content";
import type { ConversationView, Item } from "@/core/types";
import { clock, exact, length } from "@/lib/time";
import { isMissedCall } from "./grouping";

type Props = { item: Item; call: CallEnded; conversation: ConversationView };

function words({ outcome, seconds, is_from_person }: CallEnded, missed: boolean): string {
  if (missed) return "Missed voice call";
  if (seconds > 0) return `Voice call, ${length(seconds)}`;
  if (outcome === "declined") return is_from_person ? "Voice call, not taken" : "You declined a voice call";
  if (outcome === "closed") return "Voice call, no calls are taken now";
  if (outcome === "busy") return "Voice call, the line was busy";
  return outcome === "cancelled" ? "Voice call, ended before it was taken" : "Voice call, no answer";
}

function icon(call: CallEnded, missed: boolean): ReactNode {
  if (missed) return <PhoneMissed size={15} className="text-bad" aria-hidden="true" />;
  if (call.seconds === 0) return <PhoneOff size={15} aria-hidden="true" />;
  return call.is_from_person ? <PhoneOutgoing size={15} aria-hidden="true" /> : <PhoneIncoming size={15} aria-hidden="true" />;
}

export function CallRow({ item, call, conversation }: Props) {
  const missed = isMissedCall(item);
  return (
    <div className="my-3 flex flex-wrap items-center justify-center gap-x-3 gap-y-1 text-13 text-muted">
      <p className="flex items-center gap-2">
        {icon(call, missed)}
        <span>
          {words(call, missed)},{" "}
          <time dateTime={new Date(item.at).toISOString()} title={exact(item.at)} className="tabular">
            {clock(item.at)}
          </time>
        </span>
      </p>
      {missed && conversation.takes_calls === true && (
        <button type="button" onClick={() => void line.call(conversation)} className="inline-flex h-7 items-center gap-1.5 rounded-8 px-2 font-medium text-accent-text hover:bg-sunken">
          <Phone size={14} aria-hidden="true" />
          Call back
        </button>
      )}
    </div>
  );
}
