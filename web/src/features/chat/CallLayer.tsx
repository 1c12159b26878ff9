/**
 * # A call, over everything else
 *
 * One that comes in takes the page: a window that is announced, holds the focus, and leaves only by a decision; Escape
 * makes it quiet. One that is made or goes on is a bar above the page, which makes room for it: one can read, write and
 * go elsewhere meanwhile.
 */
import { Mic, MicOff, Phone, PhoneOff, X } from "lucide-react";
import { AlertDialog } from "radix-ui";
import { useEffect, useState, useSyncExternalStore } from "react";
import { line } from "@/core/core";
import type { Line } from "@/core/line";
import { timer } from "@/lib/time";
import { Avatar } from "@/ui/Avatar";
import { Button, IconButton } from "@/ui/Button";
import { ring } from "./ring";

export function CallLayer({ line: call }: { line: Line }) {
  const isAsked = call.isIncoming && (call.phase === "ringing" || call.phase === "starting");
  return isAsked ? <Incoming call={call} /> : <Bar call={call} />;
}

function Incoming({ call }: { call: Line }) {
  const { title, account_id, is_business, hosted_by } = call.conversation;
  const [quiet, setQuiet] = useState(false);
  useEffect(() => (quiet ? undefined : ring()), [quiet]);
  const isStarting = call.phase === "starting";
  return (
    <AlertDialog.Root open>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-50 bg-veil" />
        <AlertDialog.Content
          onOpenAutoFocus={(event) => {
            // The window itself: a key that was meant for the text one is writing decides nothing.
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
          onEscapeKeyDown={(event) => {
            event.preventDefault();
            setQuiet(true);
          }}
          className="fixed start-1/2 top-[14vh] z-50 flex w-[calc(100vw-2rem)] max-w-sm -translate-x-1/2 animate-appear flex-col items-center gap-4 rounded-14 border bg-surface px-6 pt-7 pb-6 text-center shadow-float outline-none rtl:translate-x-1/2"
        >
          <Avatar id={account_id} name={title} business={is_business} size={84} />
          <div>
            <AlertDialog.Title className="text-20 font-semibold text-balance">{title} is calling</AlertDialog.Title>
            <AlertDialog.Description className="mt-1 text-13 text-muted">
              {hosted_by === "" ? "Voice call" : "Voice call from a business. What is said goes straight to it, encrypted."}
            </AlertDialog.Description>
          </div>
          {call.words !== null && (
            <p role="alert" className="text-13 text-pretty text-bad">
              {call.words}
            </p>
          )}
          <div className="grid w-full grid-cols-2 gap-3 pt-1">
            <Button kind="danger" onClick={() => line.hangUp()}>
              <PhoneOff size={17} aria-hidden="true" />
              Decline
            </Button>
            <Button kind="solid" disabled={isStarting} onClick={() => void line.accept()}>
              <Phone size={17} aria-hidden="true" />
              {isStarting ? "One moment" : "Accept"}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

function status(call: Line): string {
  switch (call.phase) {
    case "starting":
      return "Asking for the microphone…";
    case "ringing":
      return "Ringing…";
    case "joining":
      return "Connecting…";
    case "on":
      return call.isInterrupted ? "Connecting again…" : "In the call";
    case "over":
      return call.words ?? "The call has ended.";
  }
}

function Bar({ call }: { call: Line }) {
  const { title, account_id, is_business } = call.conversation;
  const isOver = call.phase === "over";
  return (
    <section
      aria-label={`Call with ${title}`}
      className="flex animate-appear items-center gap-3 border-b bg-raised px-4 py-2"
    >
      <Avatar id={account_id} name={title} business={is_business} size={40} />
      <div className="min-w-0 grow">
        <p className="truncate text-14 font-semibold">{title}</p>
        <p className="flex gap-2 text-13 text-muted">
          <span role="status">{status(call)}</span>
          {call.phase === "on" && call.since !== null && <Timer since={call.since} />}
        </p>
      </div>
      {(call.phase === "on" || call.phase === "joining") && (
        <IconButton label={call.isMuted ? "Switch the microphone on" : "Mute the microphone"} aria-pressed={call.isMuted} onClick={() => line.mute(!call.isMuted)}>
          {call.isMuted ? <MicOff size={19} className="text-bad" /> : <Mic size={19} />}
        </IconButton>
      )}
      {isOver ? (
        <IconButton label="Close" onClick={() => line.dismiss()}>
          <X size={19} />
        </IconButton>
      ) : (
        <Button kind="danger" onClick={() => line.hangUp()}>
          <PhoneOff size={17} aria-hidden="true" />
          Hang up
        </Button>
      )}
    </section>
  );
}

function everySecond(listener: () => void): () => void {
  const each = setInterval(listener, 1000);
  return () => clearInterval(each);
}

/** Not spoken: a voice that counts would talk over the call. */
function Timer({ since }: { since: number }) {
  const seconds = useSyncExternalStore(everySecond, () => Math.max(0, Math.floor((Date.now() - since) / 1000)));
  return (
    <span aria-hidden="true" className="tabular">
      {timer(seconds)}
    </span>
  );
}
