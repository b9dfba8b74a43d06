// A strict parser of OpenMetrics 1.0 text: the output of the services must not need a lenient one.

const SAMPLE = /^([a-z_][a-z0-9_]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\} (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
};

export interface ParsedMetrics {
  /** Throws if there is no such sample. */
  value(name: string, labels: Readonly<Record<string, string>>): number;
}

export function parsedMetrics(text: string): ParsedMetrics {
  if (!text.endsWith("\n# EOF\n")) throw new Error("there is no end");
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let [family, type] = ["", ""];
  for (const line of text.slice(0, -"# EOF\n".length).trimEnd().split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === "TYPE") {
      if (families.has(name)) throw new Error(`${name} is there twice`);
      families.add(name);
      [family, type] = [name, rest];
    } else if (keyword !== undefined) {
      if (name !== family) throw new Error(`${line} is not below its type`);
      if (keyword === "UNIT" && !name.endsWith(`_${rest}`)) throw new Error(`${name} does not end in its unit`);
    } else {
      const [, sample = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
      if (!SUFFIXES[type]?.some((suffix) => sample === family + suffix))
        throw new Error(`no sample of ${family}: ${line}`);
      const key = keyOf(sample, Object.fromEntries(pairsOf(labels)));
      if (samples.has(key)) throw new Error(`${line} is there twice`);
      samples.set(key, Number(value));
    }
  }
  return {
    value(name, labels) {
      const value = samples.get(keyOf(name, labels));
      if (value === undefined) throw new Error(`there is no ${keyOf(name, labels)}`);
      return value;
    },
  };
}

function pairsOf(labels: string): (readonly [string, string])[] {
  return Array.from(labels.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\[\\n"])*)"/g), ([, name = "", value = ""]) => {
    return [name, value.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter))] as const;
  });
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
}
