/**
 * # Files on their way out
 *
 * A file that was chosen, dropped or pasted becomes what the core sends and what the conversation shows meanwhile. Its
 * kind is read from its type; the size of a picture or a film is measured, so that the bubble keeps its room.
 */
import type { Media, MediaForm } from "@/core/content";
import type { Outgoing } from "@/core/store";
import { fileSize } from "@/lib/number";

export const FILE_BYTES_MAX = 100_000_000;
export const FILES_MAX = 10;

const MEASURE_MS = 4000;

export function formOf(mimeType: string): MediaForm {
  if (/^image\/(png|jpe?g|webp|avif|gif)$/.test(mimeType)) return "image";
  if (mimeType.startsWith("video/")) return "video";
  return mimeType.startsWith("audio/") ? "audio" : "document";
}

/** Why a file cannot be sent; null: it can. */
export function whyNot(file: File): string | null {
  if (file.size === 0) return `${file.name} is empty.`;
  return file.size > FILE_BYTES_MAX ? `${file.name} has ${fileSize(file.size)}; a file may have ${fileSize(FILE_BYTES_MAX)}.` : null;
}

/** The pixels of a picture or film; 0 by 0 for what has none or cannot be read. */
async function measure(form: MediaForm, address: string): Promise<{ width: number; height: number }> {
  const none = { width: 0, height: 0 };
  if (form !== "image" && form !== "video") return none;
  return new Promise((resolve) => {
    const patience = setTimeout(() => resolve(none), MEASURE_MS);
    const done = (width: number, height: number): void => {
      clearTimeout(patience);
      resolve({ width, height });
    };
    if (form === "image") {
      const image = new Image();
      image.addEventListener("load", () => done(image.naturalWidth, image.naturalHeight));
      image.addEventListener("error", () => done(0, 0));
      image.src = address;
    } else {
      const video = document.createElement("video");
      video.preload = "metadata";
      video.addEventListener("loadedmetadata", () => done(video.videoWidth, video.videoHeight));
      video.addEventListener("error", () => done(0, 0));
      video.src = address;
    }
  });
}

/** Reads a file whole. `preview` is its address on this page, which lives as long as the page. */
export async function outgoing(file: File, caption: string, preview: string, isVoice = false): Promise<Outgoing> {
  const mimeType = file.type || "application/octet-stream";
  const form = formOf(mimeType);
  const [bytes, size] = await Promise.all([file.arrayBuffer(), measure(form, preview)]);
  const media: Media = {
    form,
    attachment: { blob_id: preview, sha256: "", bytes: file.size, mime_type: mimeType, ...size },
    caption,
    filename: file.name,
    is_voice: isVoice,
    is_animated: false,
  };
  return { bytes: new Uint8Array(bytes), mimeType, filename: file.name, caption, preview, body: { kind: "media", ...media } };
}
