/** Photos or documents that go along with a form: picked one after the other, taken out again one by one. */
import { Camera, FileText, Paperclip, X } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/ui/Button";
import type { FieldProps } from "./FlowComponent";
import { Labelled } from "./Labelled";
import { text } from "./document";
import { acceptOf, filesOf, limitsOf, sizeOf } from "./picking";

export function PickerField({ component, value, error, busy, onChange }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const photos = component.type === "PhotoPicker";
  const { min, max } = limitsOf(component);
  const files = filesOf(value);
  const disabled = component["enabled"] === false || busy;
  return (
    <Labelled component={{ ...component, required: min > 0 }} error={error} group>
      {({ id }) => (
        <>
          {files.length > 0 && (
            <ul className={photos ? "flex flex-wrap gap-2" : "grid gap-2"}>
              {files.map((file, n) => (
                <li key={`${file.name} ${n}`} className={photos ? "relative" : "flex items-center gap-3 rounded-8 border px-3 py-2"}>
                  {photos ? <Thumbnail file={file} /> : <FileText size={18} aria-hidden="true" className="shrink-0 text-muted" />}
                  {!photos && (
                    <span className="min-w-0 grow">
                      <span className="block truncate">{file.name}</span>
                      <span className="text-13 text-muted">{sizeOf(file.size)}</span>
                    </span>
                  )}
                  <button
                    type="button"
                    disabled={disabled}
                    aria-label={`Take out ${file.name}`}
                    onClick={() => onChange(files.filter((_, at) => at !== n))}
                    className={
                      photos
                        ? "absolute -end-1.5 -top-1.5 inline-flex size-6 items-center justify-center rounded-full border bg-raised text-muted hover:text-ink"
                        : "inline-flex size-8 shrink-0 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink"
                    }
                  >
                    <X size={14} />
                  </button>
                </li>
              ))}
            </ul>
          )}
          {files.length < max && (
            <>
              <Button small disabled={disabled} onClick={() => input.current?.click()} className="justify-self-start">
                {photos ? <Camera size={15} aria-hidden="true" /> : <Paperclip size={15} aria-hidden="true" />}
                {photos ? "Add photos" : "Add documents"}
              </Button>
              <input
                ref={input}
                id={id}
                type="file"
                hidden
                aria-label={text(component["label"])}
                multiple={max - files.length > 1}
                accept={acceptOf(component)}
                {...(component["photo-source"] === "camera" ? { capture: "environment" as const } : {})}
                onChange={(event) => {
                  onChange([...files, ...(event.target.files ?? [])].slice(0, max));
                  event.target.value = "";
                }}
              />
            </>
          )}
        </>
      )}
    </Labelled>
  );
}

/** Its address lives as long as the picture is shown. */
function Thumbnail({ file }: { file: File }) {
  const [attach] = useState(() => (image: HTMLImageElement | null) => {
    if (!image) return undefined;
    const address = URL.createObjectURL(file);
    image.src = address;
    return () => URL.revokeObjectURL(address);
  });
  return <img ref={attach} alt={file.name} className="size-20 rounded-8 bg-sunken object-cover" />;
}
