// A strict parser of OpenMetrics 1.0 text: the specification's grammar ("ABNF"), and its further rules about families.
// Timestamps and exemplars are left out: the server writes none.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly unit: string | undefined;
  readonly help: string | undefined;
  readonly samples: readonly Sample[];
}

const METRIC_NAME = "[A-Za-z_:][A-Za-z0-9_:]*";
const LABEL_NAME = "[A-Za-z_][A-Za-z0-9_]*";
// normal-char and escaped-char, with only the escapes that the specification recommends.
const ESCAPED = String.raw`(?:[^\n"\\\uD800-\uDFFF]|\\[n"\\])*`;
const REAL_NUMBER = String.raw`[-+]?(?:\d+(?:\.\d*)?|\d*\.\d+)(?:e[-+]?\d+)?`;
const LABEL = `${LABEL_NAME}="${ESCAPED}"`;

const DESCRIPTOR = new RegExp(`^# (TYPE|UNIT|HELP) (${METRIC_NAME}) (${ESCAPED})$`, "u");
const SAMPLE = new RegExp(`^(${METRIC_NAME})(?:\\{((?:${LABEL}(?:,${LABEL})*)?)\\})? (${REAL_NUMBER})$`, "u");
const EACH_LABEL = new RegExp(`(${LABEL_NAME})="(${ESCAPED})"`, "gu");
/** "Canonical Numbers": Go's %g, and always a float. */
const CANONICAL = /^(?:\+Inf|(?:0|[1-9]\d*)\.\d+|[1-9](?:\.\d*[1-9])?e[-+]\d\d+)$/;

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
};

interface OpenFamily {
  type: string | undefined;
  unit: string | undefined;
  help: string | undefined;
  samples: Sample[];
}

/** The families of an exposition, by name. Throws for text that violates the specification. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  const end = "# EOF\n";
  if (!text.endsWith(end)) throw new Error("it does not end with # EOF");
  const lines = text.slice(0, -end.length).split("\n");
  if (lines.pop() !== "") throw new Error("the last line has no end");
  const families = new Map<string, OpenFamily>();
  let current = "";
  for (const line of lines) {
    const descriptor = DESCRIPTOR.exec(line);
    if (descriptor !== null) {
      const [, kind = "", name = "", value = ""] = descriptor;
      if (name !== current && families.has(name)) throw new Error(`${name} is interleaved: ${line}`);
      current = name;
      const family = families.get(name) ?? { type: undefined, unit: undefined, help: undefined, samples: [] };
      if (family.samples.length > 0) throw new Error(`a descriptor behind samples: ${line}`);
      describe(family, kind, value);
      families.set(name, family);
      continue;
    }
    families.get(current)?.samples.push(sampleOf(line));
  }
  return new Map(Array.from(families, ([name, family]) => [name, checked(name, family)]));
}

function describe(family: OpenFamily, kind: string, value: string): void {
  const key = kind === "TYPE" ? "type" : kind === "UNIT" ? "unit" : "help";
  if (family[key] !== undefined) throw new Error(`a second ${kind}: ${value}`);
  // "The ordering SHOULD be TYPE, UNIT, HELP."
  if (kind !== "HELP" && family.help !== undefined) throw new Error(`${kind} behind HELP`);
  family[key] = kind === "HELP" ? unescaped(value) : value;
}

function sampleOf(line: string): Sample {
  const [, name = "", labels = "", number] = SAMPLE.exec(line) ?? [];
  if (number === undefined) throw new Error(`no sample: ${line}`);
  const pairs = [...labels.matchAll(EACH_LABEL)].map(
    ([, label = "", value = ""]) => [label, unescaped(value)] as const,
  );
  if (new Set(pairs.map(([label]) => label)).size !== pairs.length) throw new Error(`a label twice: ${line}`);
  return { name, labels: Object.fromEntries(pairs), value: Number(number) };
}

function checked(name: string, { type, unit, help, samples }: OpenFamily): Family {
  const suffixes = SUFFIXES[type ?? ""];
  if (type === undefined || suffixes === undefined) throw new Error(`${name} has the type ${type}`);
  if (unit !== undefined && !name.endsWith(`_${unit}`)) throw new Error(`${name} does not end in its unit`);
  const names = suffixes.map((suffix) => `${name}${suffix}`);
  const seen = new Set<string>();
  for (const sample of samples) {
    if (!names.includes(sample.name)) throw new Error(`${sample.name} is no sample of ${name}`);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    if (type !== "gauge" && !(sample.value >= 0)) throw new Error(`${sample.name} is ${sample.value}`);
  }
  if (type === "histogram") checkMetrics(name, samples);
  return { type, unit, help, samples };
}

/** Each set of labels has its buckets in order up to +Inf, then its count and its sum; sets are not interleaved. */
function checkMetrics(name: string, samples: readonly Sample[]): void {
  let rest = [...samples];
  const done = new Set<string>();
  while (rest.length > 0) {
    const own = metricOf(rest[0]);
    if (done.has(own)) throw new Error(`${name} is interleaved: ${own}`);
    done.add(own);
    const size = rest.findIndex((sample) => metricOf(sample) !== own);
    const metric = size < 0 ? rest : rest.slice(0, size);
    checkBuckets(metric);
    rest = rest.slice(metric.length);
  }
}

function checkBuckets(metric: readonly Sample[]): void {
  const buckets = metric.filter(({ name }) => name.endsWith("_bucket"));
  const bounds = buckets.map(({ labels }) => labels["le"] ?? "");
  const wrong = bounds.find((bound) => !CANONICAL.test(bound));
  if (wrong !== undefined) throw new Error(`no canonical number: ${wrong}`);
  const limits = bounds.map((bound) => (bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound)));
  if (limits.at(-1) !== Number.POSITIVE_INFINITY) throw new Error("no +Inf");
  buckets.forEach(({ value }, index) => {
    if (index === 0) return;
    if (!((limits[index] ?? 0) > (limits[index - 1] ?? 0))) throw new Error(`bounds do not grow: ${bounds.join()}`);
    if (!(value >= (buckets[index - 1]?.value ?? 0))) throw new Error("buckets are not cumulative");
  });
  const count = metric.find(({ name }) => name.endsWith("_count"))?.value;
  if (count === undefined || count !== buckets.at(-1)?.value) throw new Error(`_count is ${count}`);
  if (!metric.some(({ name }) => name.endsWith("_sum"))) throw new Error("no _sum");
}

function metricOf(sample: Sample | undefined): string {
  const labels = Object.entries(sample?.labels ?? {}).filter(([label]) => label !== "le");
  return JSON.stringify(labels.sort());
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}
