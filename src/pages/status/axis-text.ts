const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const DECIMAL = ["", "k", "M", "G", "T", "P"] as const;

/** A number at an axis, short. */
export function axisText(value: number, unit: string): string {
  if (unit === "bytes per second") return scaled(value, 1_024, BYTES, " ");
  return scaled(value, 1_000, DECIMAL, "");
}

function scaled(value: number, step: number, units: readonly string[], space: string): string {
  let amount = value;
  let place = 0;
  while (amount >= step && place < units.length - 1) {
    amount /= step;
    place++;
  }
  return `${Number(amount.toFixed(2))}${space}${units[place] ?? ""}`;
}
