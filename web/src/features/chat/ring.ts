/** The sound of a call: two soft notes, again and again. A page that nobody has touched yet may be silent. */
const EVERY_MS = 2600;

function notes(context: AudioContext): void {
  for (const [pitch, after] of [[587, 0], [784, 0.18]] as const) {
    const at = context.currentTime + after;
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.12, at + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.7);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.75);
  }
}

/** Rings until what it answers is called. */
export function ring(): () => void {
  const context = new AudioContext();
  notes(context);
  const each = setInterval(() => notes(context), EVERY_MS);
  return () => {
    clearInterval(each);
    context.close().catch(() => undefined);
  };
}
