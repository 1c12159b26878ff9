/** Pictures that lie in the form itself. One that lies elsewhere is not fetched: it would tell somebody who looks. */
import { ImageOff } from "lucide-react";
import { isObject } from "./expression";
import { text } from "./document";
import type { Component } from "./document";
import { pictureOf } from "./markdown";

const HEIGHT_PX = 400;
const PICTURES_MAX = 10;

function Missing({ alt }: { alt: string }) {
  return (
    <p className="flex items-center gap-2 rounded-8 bg-sunken px-3 py-4 text-13 text-muted">
      <ImageOff size={16} aria-hidden="true" />
      {alt || "A picture that cannot be shown"}
    </p>
  );
}

export function Picture({ component }: { component: Component }) {
  const source = pictureOf(component["src"]);
  const alt = text(component["alt-text"]);
  if (source === null) return <Missing alt={alt} />;
  const height = Math.min(Number(component["height"]) || HEIGHT_PX, HEIGHT_PX);
  return <img src={source} alt={alt} style={{ maxHeight: height }} className={`w-full rounded-8 ${component["scale-type"] === "cover" ? "object-cover" : "object-contain"}`} />;
}

export function PictureRow({ component }: { component: Component }) {
  const images = Array.isArray(component["images"]) ? component["images"].filter(isObject).slice(0, PICTURES_MAX) : [];
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a row that scrolls must be reachable by keyboard
    <ul tabIndex={0} aria-label="Pictures" className="scroll-quiet flex snap-x gap-2 overflow-x-auto rounded-8 pb-1">
      {images.map((image, n) => {
        const source = pictureOf(image["src"]);
        const alt = text(image["alt-text"]);
        return (
          <li key={n} className="w-[85%] shrink-0 snap-start">
            {source === null ? <Missing alt={alt} /> : <img src={source} alt={alt} className={`h-48 w-full rounded-8 bg-sunken ${component["scale-type"] === "cover" ? "object-cover" : "object-contain"}`} />}
          </li>
        );
      })}
    </ul>
  );
}
