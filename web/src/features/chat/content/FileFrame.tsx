/**
 * # A file on its way to the eye
 *
 * Fetched when it comes into view (or when somebody asks), in a frame that has its final size from the start. When it
 * cannot be opened the frame says why and offers another try.
 */
import { LoaderCircle, RotateCcw } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { core, useFile } from "@/core/core";
import type { Attachment } from "@/core/content";
import type { FileState } from "@/core/files";
import type { Item } from "@/core/types";
import { useHere } from "../here";

export type OpenFile = { state: FileState; load: () => Promise<void> };

/** A file of a message, and how to ask for it. */
export function useAttachment(item: Item, attachment: Attachment | null): OpenFile {
  const { id } = useHere();
  const blobId = attachment?.blob_id ?? "";
  const state = useFile(blobId);
  return { state, load: async () => {
      if (blobId !== "") await core.files.load(id, item.id, blobId);
    } };
}

/** Calls once the element is about to be seen. */
export function whenNear(element: HTMLElement | null, near: () => void): (() => void) | undefined {
  if (!element) return undefined;
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      near();
    },
    // The margin counts around the scroller only when that is the root.
    { root: element.closest('[role="log"]'), rootMargin: "600px 0px" },
  );
  observer.observe(element);
  return () => observer.disconnect();
}

type Props = { file: OpenFile; what: string; style?: CSSProperties; className?: string; children: (url: string) => ReactNode };

export function FileFrame({ file, what, style, className, children }: Props) {
  const { state, load } = file;
  return (
    <div ref={(element) => (state.is === "absent" ? whenNear(element, () => void load()) : undefined)} style={style} className={className}>
      {state.is === "ready" ? (
        children(state.url)
      ) : (
        <div className="grid size-full min-h-14 place-items-center bg-sunken p-3 text-center text-13 text-muted">
          {state.is === "failed" ? <FileFailed what={what} why={state.why} onRetry={() => void load()} /> : <LoaderCircle size={20} className="animate-spin" aria-label={`Loading ${what}`} />}
        </div>
      )}
    </div>
  );
}

export function FileFailed({ what, why, onRetry }: { what: string; why: string; onRetry: () => void }) {
  return (
    <span role="alert" className="grid justify-items-center gap-1">
      <span className="text-ink">{why}</span>
      <button type="button" aria-label={`Try again to open the ${what}`} onClick={onRetry} className="inline-flex h-6 items-center gap-1 rounded-4 px-1 font-medium underline underline-offset-2">
        <RotateCcw size={13} aria-hidden="true" />
        Try again
      </button>
    </span>
  );
}
