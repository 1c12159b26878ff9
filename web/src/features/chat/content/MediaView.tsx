/**
 * # Pictures, films, recordings, documents, stickers
 *
 * Each keeps its room before it is there, so that nothing jumps. Films and recordings play in the browser's own player,
 * which has its keys and its names; a GIF moves by itself only where motion is welcome.
 */
import { clsx } from "clsx";
import { Mic } from "lucide-react";
import { useState } from "react";
import type { CSSProperties } from "react";
import type { Media } from "@/core/content";
import type { Item } from "@/core/types";
import { Dialog } from "@/ui/Dialog";
import { Moving } from "@/ui/Moving";
import { DocumentRow } from "./DocumentRow";
import { FileFrame, useAttachment } from "./FileFrame";
import type { OpenFile } from "./FileFrame";

const WIDTH_PX = 320;
const HEIGHT_MAX_PX = 360;
const STICKER_PX = 160;

/** The room of a picture: its own proportions inside the bubble, 4:3 while they are not known. */
function room(media: Media, wide: boolean): CSSProperties {
  const width = media.attachment?.width || 4;
  const height = media.attachment?.height || 3;
  const shown = Math.min(WIDTH_PX, (HEIGHT_MAX_PX * width) / height);
  return { aspectRatio: `${width} / ${height}`, width: wide ? "100%" : Math.max(shown, 140), maxWidth: "100%", maxHeight: HEIGHT_MAX_PX };
}

function nameOf(media: Media): string {
  switch (media.form) {
    case "image":
      return "photo";
    case "video":
      return "film";
    case "audio":
      return media.is_voice ? "voice message" : "recording";
    case "sticker":
      return "sticker";
    case "gif":
      return "GIF";
    default:
      return "document";
  }
}

type Props = { item: Item; media: Media; className?: string; /** As wide as what it stands above. */ wide?: boolean };

/** A file, without its caption. */
export function MediaView({ item, media, className, wide = false }: Props) {
  const file = useAttachment(item, media.attachment);
  const what = nameOf(media);
  switch (media.form) {
    case "image":
      return <Picture media={media} file={file} what={what} style={room(media, wide)} className={className} />;
    case "sticker":
      return (
        <FileFrame file={file} what={what} style={{ width: STICKER_PX, height: STICKER_PX }} className="overflow-hidden rounded-8">
          {(url) => <Moving url={url} alt={media.caption === "" ? "Sticker" : `Sticker: ${media.caption}`} moves={media.is_animated} className="size-full object-contain" />}
        </FileFrame>
      );
    case "video":
      return (
        <FileFrame file={file} what={what} style={room(media, wide)} className={clsx("overflow-hidden", className)}>
          {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- people's films carry no captions; the words stand below */}
          {(url) => <video src={url} controls preload="metadata" playsInline aria-label={media.caption || "Film"} className="size-full bg-sunken object-contain" />}
        </FileFrame>
      );
    case "gif":
      return (
        <FileFrame file={file} what={what} style={room(media, wide)} className={clsx("overflow-hidden", className)}>
          {(url) => <Gif url={url} media={media} />}
        </FileFrame>
      );
    case "audio":
      return (
        <div className="flex items-center gap-2">
          {media.is_voice && <Mic size={18} className="shrink-0 text-accent-text" aria-hidden="true" />}
          <FileFrame file={file} what={what} className="h-14 w-64 max-w-full overflow-hidden rounded-8">
            {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- people's recordings carry no captions */}
            {(url) => <audio src={url} controls preload="metadata" aria-label={media.is_voice ? "Voice message" : media.filename || "Recording"} className="h-14 w-full" />}
          </FileFrame>
        </div>
      );
    default:
      return <DocumentRow media={media} file={file} />;
  }
}

function Picture({ media, file, what, style, className }: { media: Media; file: OpenFile; what: string; style: CSSProperties; className: string | undefined }) {
  const [large, setLarge] = useState(false);
  const words = media.caption || "Photo";
  return (
    <FileFrame file={file} what={what} style={style} className={clsx("overflow-hidden", className)}>
      {(url) => (
        <>
          <button type="button" aria-label={`${words}, show large`} onClick={() => setLarge(true)} className="block size-full -outline-offset-2">
            <img src={url} alt="" className="size-full object-cover" />
          </button>
          <Dialog open={large} onClose={() => setLarge(false)} title={words} wide>
            <img src={url} alt={words} className="mx-auto max-h-[64vh] rounded-8 object-contain" />
          </Dialog>
        </>
      )}
    </FileFrame>
  );
}

function Gif({ url, media }: { url: string; media: Media }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const words = media.caption || "GIF";
  if (media.attachment?.mime_type.startsWith("image/")) return <img src={url} alt={words} className="size-full object-cover" />;
  return <video src={url} muted loop playsInline autoPlay={!still} controls={still} aria-label={words} className="size-full object-cover" />;
}
