/** The files of the mock: drawn or computed, so that nothing has to be fetched. */
import { CoreError } from "./types";

const SAMPLES_PER_S = 8000;

/** A few seconds of two soft tones, as a WAV file. */
function tones(seconds: number): Blob {
  const count = SAMPLES_PER_S * seconds;
  const bytes = new Uint8Array(44 + count);
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string): void => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + count, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLES_PER_S, true);
  view.setUint32(28, SAMPLES_PER_S, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, "data");
  view.setUint32(40, count, true);
  for (let n = 0; n < count; n += 1) bytes[44 + n] = 128 + 24 * Math.sin(n * 0.17) + 16 * Math.sin(n * 0.26);
  return new Blob([bytes], { type: "audio/wav" });
}

function drawing(width: number, height: number, body: string): Blob {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${body}</svg>`;
  return new Blob([svg], { type: "image/svg+xml" });
}

const SQUARE = `<rect width="640" height="480" fill="#f3dcc0"/><circle cx="500" cy="110" r="56" fill="#f7c873"/>
<rect y="190" width="640" height="110" fill="#c98a6c"/><g fill="#5a3526">${[20, 130, 240, 350, 460, 570].map((x) => `<path d="M${x} 300v-50a35 35 0 0 1 70 0v50z"/>`).join("")}</g>
<rect y="300" width="640" height="180" fill="#e2d3bd"/><ellipse cx="320" cy="390" rx="120" ry="34" fill="#b9a88f"/><ellipse cx="320" cy="382" rx="100" ry="24" fill="#8fb3c4"/><path d="M320 300v70" stroke="#d8eaf2" stroke-width="8"/>`;
const BREAD = `<rect width="600" height="400" fill="#e9dfd2"/><ellipse cx="300" cy="260" rx="210" ry="90" fill="#7a4a26"/><ellipse cx="300" cy="235" rx="205" ry="85" fill="#c4803f"/><g stroke="#f1d6a8" stroke-width="10" stroke-linecap="round"><path d="M190 205l60 50M270 190l60 60M350 190l55 50"/></g>`;
const SMILE = `<circle cx="100" cy="100" r="80" fill="#e8a35c"/><circle cx="74" cy="84" r="9" fill="#3a2319"/><circle cx="126" cy="84" r="9" fill="#3a2319"/><path d="M64 116q36 40 72 0" fill="none" stroke="#3a2319" stroke-width="8" stroke-linecap="round"/>`;

const MADE: Record<string, () => Blob> = {
  "blob-square": () => drawing(640, 480, SQUARE),
  "blob-flaky": () => drawing(600, 400, BREAD),
  "blob-bread": () => drawing(600, 400, BREAD),
  "blob-sticker": () => drawing(200, 200, SMILE),
  "blob-voice": () => tones(4),
  "blob-score": () => new Blob(["Viola, second movement. From bar 40 a little slower."], { type: "text/plain" }),
};

/** The films are gone, one picture comes at the second try, everything else is there. */
export class MockFiles {
  readonly #sent = new Map<string, Blob>();
  readonly #tried = new Set<string>();

  add(blobId: string, bytes: Uint8Array<ArrayBuffer>, type: string): void {
    this.#sent.set(blobId, new Blob([bytes], { type }));
  }

  url(blobId: string): string {
    const made = this.#sent.get(blobId) ?? MADE[blobId]?.();
    if (!made) throw new CoreError("The server no longer has this file. Ask for it again.", "not_found");
    if (blobId === "blob-flaky" && !this.#tried.has(blobId)) {
      this.#tried.add(blobId);
      throw new CoreError("The file did not arrive whole.", "unreachable");
    }
    return URL.createObjectURL(made);
  }
}
