/** Headings, paragraphs and longer texts of a form. Their markup becomes elements one by one; never HTML of theirs. */
import { clsx } from "clsx";
import type { ReactNode } from "react";
import { webAddress } from "@/lib/web";
import { text } from "./document";
import type { Component } from "./document";
import { words } from "./expression";
import { blocks, pictureOf } from "./markdown";
import type { Block, Inline } from "./markdown";

const LOOKS: Record<string, string> = {
  TextHeading: "text-20 font-semibold tracking-tight",
  TextSubheading: "text-16 font-semibold",
  TextBody: "",
  TextCaption: "text-13 text-muted",
  RichText: "",
};

const LINES_MAX = 400;

export function isText(component: Component): boolean {
  return Object.hasOwn(LOOKS, component.type);
}

function linesOf(component: Component): string[] {
  const value = component["text"];
  return (Array.isArray(value) ? value.slice(0, LINES_MAX).map(words) : [words(value)]).filter((line) => line !== "");
}

export function TextOf({ component }: { component: Component }) {
  const lines = linesOf(component);
  if (lines.length === 0) return null;
  if (component.type === "RichText" || component["markdown"] === true) {
    return (
      <div className={clsx("grid gap-2 wrap-anywhere", LOOKS[component.type])}>
        {blocks(lines).map((block, n) => (
          <BlockOf key={n} block={block} />
        ))}
      </div>
    );
  }
  const look = clsx(
    "text-pretty wrap-anywhere whitespace-pre-wrap",
    LOOKS[component.type],
    text(component["font-weight"]).includes("bold") && "font-semibold",
    text(component["font-weight"]).includes("italic") && "italic",
    component["strikethrough"] === true && "line-through",
  );
  if (component.type === "TextHeading") return <h3 className={look}>{lines.join("\n")}</h3>;
  if (component.type === "TextSubheading") return <h4 className={look}>{lines.join("\n")}</h4>;
  return lines.map((line, n) => (
    <p key={n} className={look}>
      {line}
    </p>
  ));
}

function Line({ line }: { line: readonly Inline[] }) {
  return line.map((piece, n) => <Piece key={n} piece={piece} />);
}

function Piece({ piece }: { piece: Inline }) {
  let shown: ReactNode = piece.text;
  if (piece.bold) shown = <strong>{shown}</strong>;
  if (piece.italic) shown = <em>{shown}</em>;
  if (piece.struck) shown = <s>{shown}</s>;
  const address = piece.link === undefined ? null : webAddress(piece.link);
  if (address === null) return shown;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" className="text-accent-text underline underline-offset-2">
      {shown}
    </a>
  );
}

function BlockOf({ block }: { block: Block }) {
  switch (block.is) {
    case "heading":
      return block.level === 1 ? (
        <h3 className="text-20 font-semibold tracking-tight">
          <Line line={block.line} />
        </h3>
      ) : (
        <h4 className="text-16 font-semibold">
          <Line line={block.line} />
        </h4>
      );
    case "list": {
      const items = block.items.map((item, n) => (
        <li key={n}>
          <Line line={item} />
        </li>
      ));
      return block.ordered ? <ol className="list-decimal ps-6">{items}</ol> : <ul className="list-disc ps-6">{items}</ul>;
    }
    case "table":
      return <Table block={block} />;
    case "image": {
      const source = pictureOf(block.src);
      return source === null ? null : <img src={source} alt={block.alt} className="max-h-72 w-full rounded-8 object-contain" />;
    }
    default:
      return (
        <p>
          <Line line={block.line} />
        </p>
      );
  }
}

function Table({ block }: { block: Block & { is: "table" } }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a table that scrolls must be reachable by keyboard
    <div tabIndex={0} role="region" aria-label="Table" className="scroll-quiet overflow-x-auto rounded-8 border">
      <table className="w-full text-start text-13">
        <thead>
          <tr>
            {block.head.map((cell, n) => (
              <th key={n} scope="col" className="border-b px-3 py-2 text-start font-medium">
                <Line line={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map((row, n) => (
            <tr key={n} className="border-t">
              {row.map((cell, m) => (
                <td key={m} className="min-w-40 px-3 py-2 align-top">
                  <Line line={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
