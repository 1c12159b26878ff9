/** The frame of a conversation, into which files can be dropped; while one is held above it, it says so. */
import { Upload } from "lucide-react";
import { useRef, useState } from "react";
import type { DragEvent, ReactNode } from "react";
import { useHere } from "./here";

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes("Files");
}

export function DropTarget({ disabled, onFiles, children }: { disabled: boolean; onFiles: (files: File[]) => void; children: ReactNode }) {
  const { title } = useHere();
  const [over, setOver] = useState(false);
  // Entering a child comes before leaving its parent: only the balance tells whether the pointer is still inside.
  const depth = useRef(0);

  function enter(event: DragEvent, by: 1 | -1): void {
    if (disabled || !hasFiles(event)) return;
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  }

  function drop(event: DragEvent): void {
    depth.current = 0;
    setOver(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (!disabled && files.length > 0) onFiles(files);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the keyboard's way is the menu beside the field
    <div
      className="relative flex h-full min-w-0 flex-col"
      onDragEnter={(event) => enter(event, 1)}
      onDragLeave={(event) => enter(event, -1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={drop}
    >
      {children}
      {over && (
        <div className="pointer-events-none absolute inset-3 z-30 grid place-items-center rounded-14 border-2 border-dashed border-accent bg-surface/90">
          <p className="flex items-center gap-3 text-16 font-semibold text-accent-text">
            <Upload size={22} aria-hidden="true" />
            Drop to send to {title}
          </p>
        </div>
      )}
    </div>
  );
}
