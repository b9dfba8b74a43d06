const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const DECIMAL = ["", "k", "M", "G", "T", "P"] as const;

/** Returns the short text of a number at an axis, such as `1.5 KiB` for bytes and `1.5k` for other units. */
export function axisText(value: number, unit: string): string {
  if (unit === "bytes per second") return scale(value, 1_024, BYTES, " ");
  return scale(value, 1_000, DECIMAL, "");
}

function scale(value: number, step: number, units: readonly string[], space: string): string {
  let amount = value;
  let place = 0;
  while (amount >= step && place < units.length - 1) {
    amount /= step;
    place++;
  }
  return `${Number(amount.toFixed(2))}${space}${units[place] ?? ""}`;
}
