/** The little markup of a form's texts: headings, lists, tables, pictures that lie in the text, and marks in a line. */
export type Inline = { text: string; bold?: boolean; italic?: boolean; struck?: boolean; link?: string };

export type Block =
  | { is: "heading"; level: 1 | 2; line: Inline[] }
  | { is: "text"; line: Inline[] }
  | { is: "list"; ordered: boolean; items: Inline[][] }
  | { is: "table"; head: Inline[][]; rows: Inline[][][] }
  | { is: "image"; src: string; alt: string };

const MARKS = /\[([^\]]+)\]\(([^)\s]+)\)|(\*\*\*)(.+?)\*\*\*|(\*\*)(.+?)\*\*(?!\*)|(~~)(.+?)~~|(\*)([^*\s](?:[^*]*[^*\s])?)\*/g;
const DEPTH_MAX = 4;

export function inline(text: string, given: Omit<Inline, "text"> = {}, depth = 0): Inline[] {
  const pieces: Inline[] = [];
  let end = 0;
  if (depth < DEPTH_MAX) {
    for (const match of text.matchAll(MARKS)) {
      const [whole, label, href, both, inBoth, bold, inBold, struck, inStruck, , inItalic] = match;
      if (match.index > end) pieces.push({ ...given, text: text.slice(end, match.index) });
      end = match.index + whole.length;
      if (label !== undefined && href !== undefined) pieces.push(...inline(label, { ...given, link: href }, depth + 1));
      else if (both) pieces.push(...inline(inBoth ?? "", { ...given, bold: true, italic: true }, depth + 1));
      else if (bold) pieces.push(...inline(inBold ?? "", { ...given, bold: true }, depth + 1));
      else if (struck) pieces.push(...inline(inStruck ?? "", { ...given, struck: true }, depth + 1));
      else pieces.push(...inline(inItalic ?? "", { ...given, italic: true }, depth + 1));
    }
  }
  if (end < text.length) pieces.push({ ...given, text: text.slice(end) });
  return pieces;
}

function cells(line: string): Inline[][] {
  return line
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => inline(cell.trim()));
}

/** Lines as blocks; lines of one list or table that follow each other belong together. */
export function blocks(lines: readonly string[]): Block[] {
  const found: Block[] = [];
  for (const written of lines.flatMap((line) => line.split("\n"))) {
    const line = written.trim();
    const last = found.at(-1);
    const heading = /^(#{1,2})\s+(.*)$/.exec(line);
    const image = /!\[([^\]]*)\]\((data:image\/[^)]+)\)/.exec(line);
    const item = /^(?:([-+*])|\d+\.)\s+(.*)$/.exec(line);
    if (line === "") continue;
    if (heading) found.push({ is: "heading", level: heading[1] === "#" ? 1 : 2, line: inline(heading[2] ?? "") });
    else if (image) found.push({ is: "image", alt: image[1] ?? "", src: image[2] ?? "" });
    else if (item) {
      const ordered = item[1] === undefined;
      if (last?.is === "list" && last.ordered === ordered) last.items.push(inline(item[2] ?? ""));
      else found.push({ is: "list", ordered, items: [inline(item[2] ?? "")] });
    } else if (/^\|?(\s*:?-{3,}:?\s*\|)+/.test(line)) continue;
    else if (line.startsWith("|")) {
      if (last?.is === "table") last.rows.push(cells(line));
      else found.push({ is: "table", head: cells(line), rows: [] });
    } else found.push({ is: "text", line: inline(line) });
  }
  return found;
}

const SNIFFED: readonly [string, string][] = [
  ["iVBOR", "png"],
  ["/9j/", "jpeg"],
  ["R0lGOD", "gif"],
  ["UklGR", "webp"],
];

/** A picture that lies in the form itself, as an address; pictures elsewhere are not fetched. */
export function pictureOf(source: unknown): string | null {
  if (typeof source !== "string") return null;
  if (/^data:image\/(png|jpe?g|gif|webp);base64,[A-Za-z\d+/=\s]+$/.test(source)) return source;
  const kind = SNIFFED.find(([start]) => source.startsWith(start))?.[1];
  return kind !== undefined && /^[A-Za-z\d+/=\s]+$/.test(source) ? `data:image/${kind};base64,${source}` : null;
}
