/**
 * # A voice message
 *
 * Press to speak, press again to send, Escape or the bin to think better of it. The recording is made by the browser
 * (Opus), and goes out like any file, marked as spoken. Where no microphone can be had, the button says so.
 */
import { clsx } from "clsx";
import { Mic, SendHorizontal, Trash2 } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { core } from "@/core/core";
import { useHere } from "./here";
import { outgoing } from "./outgoing";
import { record } from "./recording";
import type { Recording } from "./recording";

function length(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function VoiceButton({ replyTo, onSent }: { replyTo: string | null; onSent: () => void }) {
  const { id } = useHere();
  const [recording, setRecording] = useState<Recording | null>(null);
  const [spokenMs, setSpokenMs] = useState(0);
  const [failed, setFailed] = useState<string | null>(null);

  async function send(file: File): Promise<void> {
    if (file.size === 0) return setFailed("Nothing was heard. Try again.");
    try {
      await core.sendMedia(id, await outgoing(file, "", URL.createObjectURL(file), true), replyTo);
      onSent();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The recording was not sent.");
    }
  }

  async function begin(): Promise<void> {
    setFailed(null);
    setSpokenMs(0);
    try {
      const begun = await record({
        onTick: setSpokenMs,
        onEnd: (file) => {
          setRecording(null);
          if (file) void send(file);
        },
      });
      setRecording(begun);
    } catch {
      setFailed("No microphone: allow it for this page, or plug one in.");
    }
  }

  if (recording) {
    return (
      <div role="group" aria-label="Recording" data-recording="" className="flex grow items-center gap-2">
        <Round label="Discard the recording" onClick={recording.discard} onEscape={recording.discard}>
          <Trash2 size={18} />
        </Round>
        <span role="timer" className="flex grow items-center gap-2 text-13 text-bad tabular">
          <span className="size-2 rounded-full bg-bad" aria-hidden="true" />
          {length(spokenMs)}
        </span>
        <Round label="Send the recording" focus onClick={recording.finish} onEscape={recording.discard}>
          <SendHorizontal size={18} />
        </Round>
      </div>
    );
  }
  return (
    <>
      <Round label="Record a voice message" onClick={() => void begin()}>
        <Mic size={20} />
      </Round>
      {failed !== null && (
        <p role="alert" className="absolute inset-x-0 -top-7 text-center text-12 text-bad">
          {failed}
        </p>
      )}
    </>
  );
}

type RoundProps = { label: string; focus?: boolean; onClick: () => void; onEscape?: () => void; children: ReactNode };

function Round({ label, focus = false, onClick, onEscape, children }: RoundProps) {
  // One function for the life of the button: it runs when the button appears, and not at each render.
  const [attach] = useState(() => (element: HTMLButtonElement | null) => {
    if (focus) element?.focus();
  });
  return (
    <button
      type="button"
      ref={attach}
      aria-label={label}
      title={label}
      onClick={onClick}
      onKeyDown={(event) => {
        if (event.key === "Escape") onEscape?.();
      }}
      className={clsx("inline-flex size-10 shrink-0 items-center justify-center rounded-14 transition-colors duration-150", focus ? "bg-accent text-accent-ink hover:bg-accent-hover" : "text-muted hover:bg-sunken hover:text-ink")}
    >
      {children}
    </button>
  );
}
