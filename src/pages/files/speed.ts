/** How far back the speed is measured. */
const WINDOW_MS = 5_000;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** The speed of an upload over the last seconds. */
export class Speed {
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** @param bytes - sent so far. */
  add(bytes: number, atMs: number): void {
    this.#samples.push({ atMs, bytes });
    while (this.#samples.length > 2 && (this.#samples[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes in a second; 0 while it is not known. */
  get bytesPerSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return Math.max(0, ((last.bytes - first.bytes) * 1_000) / (last.atMs - first.atMs));
  }
}

/** `1.5 MiB`. */
export function bytesText(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  while (amount >= 1_023.95 && unit < UNITS.length - 1) [amount, unit] = [amount / 1_024, unit + 1];
  return `${unit === 0 ? amount : amount.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

/** `1 h 5 min`, `5 min`, `30 s`. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
