import { numberText, type Unit } from "./number-text.ts";
import { PERCENTILES } from "./percentiles.ts";
import type { Sample, Values } from "./sample.ts";
import { PERCENTILE_WINDOW_SAMPLES } from "./sampler.ts";
import type { Subject } from "./subject.ts";

/** A plot of a subject, and the table of its numbers, for users who cannot see the canvas. */
export interface Plot {
  readonly title: string;
  readonly note: string | undefined;
  readonly unit: Unit;
  readonly series: readonly PlotSeries[];
}

interface PlotSeries {
  readonly name: string;
  /** The value in the newest sample. */
  readonly now: string;
  /** The highest value in all stored samples. */
  readonly highest: string;
}

const BYTES: readonly string[] = ["bytes in", "bytes out", "bytes answered"];
const PERCENTILE_NAMES = PERCENTILES.map(([name]) => name);

/** Returns the plots of a subject, without those that have no data. */
export function plotsOf(subject: Subject, samples: readonly Sample[]): readonly Plot[] {
  const own = samples.map(({ subjects }) => subjects[subject.key]).filter((values) => values !== undefined);
  const totals = Object.keys(subject.totals);
  const makePlot = (title: string, unit: Unit, names: readonly string[], note?: string): Plot => {
    return { title, note, unit, series: names.map((name) => seriesOf(name, unit, own)) };
  };
  const note = `of those that ended in the last ${PERCENTILE_WINDOW_SAMPLES} samples`;
  const title = subject.timed === "requests" ? "Request duration" : "Connection duration";
  return [
    makePlot("Connections", "count", Object.keys(subject.levels)),
    makePlot(
      "Per second",
      "per second",
      totals.filter((name) => !BYTES.includes(name)),
    ),
    makePlot(
      "Bytes per second",
      "bytes per second",
      totals.filter((name) => BYTES.includes(name)),
    ),
    makePlot(title, "ms", totals.length === 0 ? [] : PERCENTILE_NAMES, note),
  ].filter(({ series }) => series.length > 0);
}

function seriesOf(name: string, unit: Unit, own: readonly Values[]): PlotSeries {
  const all = own.flatMap((values) => values[name] ?? []);
  const highest = all.length === 0 ? undefined : Math.max(...all);
  return { name, now: numberText(own.at(-1)?.[name], unit), highest: numberText(highest, unit) };
}
