import type { HistogramSnapshot } from "./histogram.ts";

/** The name and the value of each label. */
export type Labels = Readonly<Record<string, string>>;

/** What a family is, as its descriptors say it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** The name ends in it. */
  readonly unit?: "seconds" | "bytes";
  readonly help: string;
}

/**
 * The samples of one name, as the text of OpenMetrics 1.0. Values with the same labels are added up: a set of labels must not
 * come twice.
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

  /** The bounds and the sum are divided by `divisor`, for values that were taken in another unit. */
  addHistogram(labels: Labels, { bounds, counts, count, sum }: HistogramSnapshot, divisor = 1): void {
    let below = 0;
    bounds.forEach((bound, index) => {
      below += counts[index] ?? 0;
      this.#add("_bucket", { ...labels, le: canonical(bound / divisor) }, below);
    });
    this.#add("_bucket", { ...labels, le: "+Inf" }, count);
    this.#add("_count", labels, count);
    this.#add("_sum", labels, sum / divisor);
  }

  /** Its lines: the descriptors, and a line for each sample. */
  lines(): readonly string[] {
    const { name, type, unit, help } = this.#description;
    return [
      `# TYPE ${name} ${type}`,
      ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
      `# HELP ${name} ${escaped(help)}`,
      ...Array.from(this.#samples, ([sample, value]) => `${sample} ${value}`),
    ];
  }

  #add(suffix: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    const sample = `${this.#description.name}${suffix}{${pairs.join(",")}}`;
    this.#samples.set(sample, (this.#samples.get(sample) ?? 0) + value);
  }
}

/** OpenMetrics 1.0, "Escaping". */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** OpenMetrics 1.0, "Canonical Numbers": as Go's %g writes it, and always as a float: 0.001, 1.0, 65.536, 1.048576e+06. */
function canonical(value: number): string {
  if (value >= 1e6 || (value < 1e-4 && value > 0)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
