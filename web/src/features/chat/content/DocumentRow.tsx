/** A document: its name, kind and size, and a button that fetches it and hands it out. */
import { Download, FileText, LoaderCircle } from "lucide-react";
import { core } from "@/core/core";
import type { Media } from "@/core/content";
import { save } from "@/lib/csv";
import { fileSize } from "@/lib/number";
import { FileFailed } from "./FileFrame";
import type { OpenFile } from "./FileFrame";

function kindOf(media: Media): string {
  const ending = /\.([a-z\d]{1,5})$/i.exec(media.filename)?.[1];
  return (ending ?? media.attachment?.mime_type.split("/").at(-1) ?? "file").toUpperCase();
}

export function DocumentRow({ media, file }: { media: Media; file: OpenFile }) {
  const { state, load } = file;
  const name = media.filename || "Document";

  async function hand(): Promise<void> {
    await load();
    const held = core.files.state(media.attachment?.blob_id ?? "");
    if (held.is === "ready") save(name, held.url);
  }

  return (
    <div className="grid w-72 max-w-full gap-1">
      <div className="flex items-center gap-3 rounded-8 border border-line-strong p-2.5">
        <FileText size={26} strokeWidth={1.5} className="shrink-0 text-accent-text" aria-hidden="true" />
        <div className="min-w-0 grow">
          <div className="line-clamp-2 font-medium">{name}</div>
          <div className="text-12 tabular opacity-90">
            {kindOf(media)}, {fileSize(media.attachment?.bytes ?? 0)}
          </div>
        </div>
        <button
          type="button"
          aria-label={`Download ${name}`}
          title="Download"
          disabled={state.is === "loading"}
          onClick={() => void hand()}
          className="inline-flex size-9 shrink-0 items-center justify-center rounded-8 text-accent-text hover:bg-sunken"
        >
          {state.is === "loading" ? <LoaderCircle size={18} className="animate-spin" /> : <Download size={18} />}
        </button>
      </div>
      {state.is === "failed" && (
        <span className="text-13">
          <FileFailed what="document" why={state.why} onRetry={() => void hand()} />
        </span>
      )}
    </div>
  );
}
