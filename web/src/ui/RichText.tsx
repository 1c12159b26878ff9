/**
 * A message's text: *bold*, _italic_, ~struck~, `code` and web addresses. Everything else stays as it was typed; no
 * markup of the sender ever becomes markup of the page.
 */
import type { ReactNode } from "react";

const PIECES = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])|\*(\S(?:[^*\n]*\S)?)\*|(?<![\p{L}\d])_(\S(?:[^_\n]*\S)?)_(?![\p{L}\d])|~(\S(?:[^~\n]*\S)?)~|`([^`\n]+)`/gu;

export function RichText({ text }: { text: string }) {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(PIECES)) {
    const [whole, link, bold, italic, struck, code] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    const key = match.index;
    if (link) {
      parts.push(
        <a key={key} href={link} target="_blank" rel="noopener noreferrer" className="underline decoration-1 underline-offset-2 break-all">
          {link}
        </a>,
      );
    } else if (bold) parts.push(<strong key={key}>{bold}</strong>);
    else if (italic) parts.push(<em key={key}>{italic}</em>);
    else if (struck) parts.push(<s key={key}>{struck}</s>);
    else parts.push(<code key={key} className="font-mono text-[0.92em]">{code}</code>);
  }
  parts.push(text.slice(end));
  return <>{parts}</>;
}
