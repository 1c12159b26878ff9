/** The browser's recorder as one wishes it: it begins, tells how long it has been, and ends with a file or without. */

/** The first of these that the browser can record; Ogg is what phones play. */
const TYPES = ["audio/ogg;codecs=opus", "audio/mp4", "audio/webm;codecs=opus"];
const SPOKEN_MS_MAX = 15 * 60_000;
const TICK_MS = 500;

export type Recording = {
  /** The file comes to `onEnd`. */
  finish: () => void;
  discard: () => void;
};

type Heard = { onTick: (ms: number) => void; onEnd: (file: File | null) => void };

/** Begins; throws where no microphone can be had. */
export async function record({ onTick, onEnd }: Heard): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
  const recorder = new MediaRecorder(stream, mimeType === "" ? {} : { mimeType });
  const parts: Blob[] = [];
  let wanted = false;
  function end(send: boolean): void {
    if (recorder.state === "inactive") return;
    wanted = send;
    recorder.stop();
  }
  recorder.start();
  const since = Date.now();
  const clock = setInterval(() => onTick(Date.now() - since), TICK_MS);
  const latest = setTimeout(() => end(true), SPOKEN_MS_MAX);
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => {
    clearInterval(clock);
    clearTimeout(latest);
    for (const track of stream.getTracks()) track.stop();
    // What follows the ";" says how it is coded, which the kind of a file does not.
    onEnd(wanted ? new File(parts, "voice", { type: recorder.mimeType.split(";")[0] ?? "" }) : null);
  });
  return { finish: () => end(true), discard: () => end(false) };
}
