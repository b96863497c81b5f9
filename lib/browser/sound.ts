import type { Sound } from "@/lib/sync/notice-ports";
import { maySound } from "./facilities";

/** Two soft notes, a fourth apart: frequency in Hz, beginning in seconds. */
const NOTES = [
  { frequency: 587.33, at: 0 },
  { frequency: 783.99, at: 0.12 },
];
const LENGTH = 0.35;
const LOUDNESS = 0.12;

/** Made in the browser, so nothing is loaded; a page that nobody has touched may not be heard, and does not try. */
export function createSound(): Sound {
  let context: AudioContext | null = null;

  async function play(): Promise<void> {
    context ??= new AudioContext();
    if (context.state === "suspended") await context.resume();
    for (const { frequency, at } of NOTES) playNote(context, frequency, context.currentTime + at);
  }

  return {
    allowed: maySound,
    play() {
      if (maySound()) play().catch(() => {});
    },
  };
}

function playNote(context: AudioContext, frequency: number, at: number): void {
  const oscillator = new OscillatorNode(context, { type: "sine", frequency });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.000_1, at + LENGTH);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + LENGTH);
}
