/** A JSON value to read and to copy. */
import { CopyButton } from "./CopyButton";

function pretty(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

export function Json({ value, label }: { value: unknown; label: string }) {
  const text = pretty(value);
  return (
    <div className="relative rounded-8 border bg-canvas">
      <CopyButton text={text} what={label} className="absolute end-2 top-2 bg-canvas" />
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- text that scrolls must be reachable by keyboard */}
      <pre tabIndex={0} aria-label={label} className="scroll-quiet max-h-[28rem] overflow-auto p-4 pe-11 font-mono text-12 leading-5">
        {text}
      </pre>
    </div>
  );
}
