import type { HistogramSnapshot } from "./histogram.ts";

/** The name and the value of each label. */
export type Labels = Readonly<Record<string, string>>;

/** The descriptors of a family: its name, type, unit and help text. */
export interface MetricDescription {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** The unit; the name of the family ends in it. */
  readonly unit?: "seconds" | "bytes";
  readonly help: string;
}

/**
 * The samples of one metric, written as OpenMetrics 1.0 text. It adds up values with the same labels, since a set of labels must
 * not occur twice.
 */
export class MetricFamily {
  readonly #description: MetricDescription;
  readonly #samples = new Map<string, number>();

  constructor(description: MetricDescription) {
    this.#description = description;
  }

  add(labels: Labels, value: number): void {
    this.#add(this.#description.type === "counter" ? "_total" : "", labels, value);
  }

  /** Adds a histogram. Its bounds and its sum are divided by `divisor`, for values recorded in another unit. */
  addHistogram(labels: Labels, { bounds, counts, count, sum }: HistogramSnapshot, divisor = 1): void {
    let below = 0;
    bounds.forEach((bound, index) => {
      below += counts[index] ?? 0;
      this.#add("_bucket", { ...labels, le: canonicalNumber(bound / divisor) }, below);
    });
    this.#add("_bucket", { ...labels, le: "+Inf" }, count);
    this.#add("_count", labels, count);
    this.#add("_sum", labels, sum / divisor);
  }

  /** The lines of the family: the descriptors, and one line for each sample. */
  lines(): readonly string[] {
    const { name, type, unit, help } = this.#description;
    return [
      `# TYPE ${name} ${type}`,
      ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
      `# HELP ${name} ${escapeText(help)}`,
      ...Array.from(this.#samples, ([sample, value]) => `${sample} ${value}`),
    ];
  }

  #add(suffix: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeText(text)}"`);
    const sample = `${this.#description.name}${suffix}{${pairs.join(",")}}`;
    this.#samples.set(sample, (this.#samples.get(sample) ?? 0) + value);
  }
}

/** OpenMetrics 1.0, "Escaping". */
function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** A number as OpenMetrics 1.0 writes it, "Canonical Numbers": like Go's %g, always as a float: 0.001, 1.0, 65.536, 1.048576e+06. */
function canonicalNumber(value: number): string {
  if (value >= 1e6 || (value < 1e-4 && value > 0)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
