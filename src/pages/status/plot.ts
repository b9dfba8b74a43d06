import UPlot from "uplot";
import { axisText } from "./axis-text.ts";
import type { PlotHistory } from "./plot-history.ts";
import { timesShown } from "./times-shown.ts";

const HEIGHT_PX = 150;
const LINE_PX = 1.5;
const AXIS_PX = 64;
const TIMES_PX = 30;
/** The width of a time's text. Half of the last one is to the right of the axis. */
const TIME_TEXT_PX = 60;
/** The height of the plot as a multiple of the highest number. */
const HEADROOM = 1.1;
const FONT = "12px system-ui, sans-serif";

const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

interface Row {
  readonly series: string;
  /** The element in the table that has the colour of the line. */
  readonly swatch: Element;
}

/** A canvas that plots the numbers of the table beside it over time. */
export class Plot {
  readonly #figure: HTMLElement;
  readonly #history: PlotHistory;
  #canvas: UPlot | undefined;
  /** The names of the series for which the canvas was created. */
  #series: readonly string[] = [];

  constructor(figure: HTMLElement, history: PlotHistory) {
    this.#figure = figure;
    this.#history = history;
  }

  draw(): void {
    const rows = this.#rows();
    const names = rows.map(({ series }) => series);
    // The table has a new series, such as one for a reason that has occurred for the first time.
    if (names.join("\n") !== this.#series.join("\n")) this.remove();
    this.#series = names;
    const data = this.#data(names);
    if (this.#canvas === undefined) this.#canvas = this.#create(rows, data);
    else this.#canvas.setData(data);
  }

  resize(): void {
    this.#canvas?.setSize({ width: this.#width, height: HEIGHT_PX });
  }

  /** Removes the canvas; the next `draw` creates it in the current colours of the style. */
  recolour(): void {
    this.remove();
  }

  remove(): void {
    this.#canvas?.destroy();
    this.#canvas = undefined;
  }

  get #place(): HTMLElement | undefined {
    return this.#figure.querySelector<HTMLElement>(".canvas") ?? undefined;
  }

  get #width(): number {
    return this.#place?.clientWidth ?? 0;
  }

  #rows(): Row[] {
    return Array.from(this.#figure.querySelectorAll<HTMLElement>("tr[data-series]"), (row) => ({
      series: row.dataset["series"] ?? "",
      swatch: row.querySelector(".swatch") ?? row,
    }));
  }

  #data(names: readonly string[]): UPlot.AlignedData {
    const subject = this.#figure.dataset["subject"] ?? "";
    return [[...this.#history.times], ...names.map((name) => [...this.#history.column(subject, name)])];
  }

  #create(rows: readonly Row[], data: UPlot.AlignedData): UPlot | undefined {
    const place = this.#place;
    if (place === undefined) return undefined;
    // Hidden from screen readers, which read the table.
    place.ariaHidden = "true";
    const style = getComputedStyle(this.#figure);
    const [stroke, line] = [style.getPropertyValue("--dim"), style.getPropertyValue("--line")];
    const axis = { stroke, font: FONT, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const unit = this.#figure.dataset["unit"] ?? "";
    return new UPlot(
      {
        width: this.#width,
        height: HEIGHT_PX,
        padding: [null, TIME_TEXT_PX / 2, null, null],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: {
          x: { range: (_, min, max) => timesShown(min, max) },
          // `max` is null when there is no number.
          y: { range: (_, __, max) => [0, Math.max(1, Number(max) * HEADROOM)] },
        },
        axes: [
          { ...axis, size: TIMES_PX, values: (_, times) => times.map((time) => timeOfDay.format(time * 1_000)) },
          {
            ...axis,
            ...marksOf(unit),
            size: AXIS_PX,
            values: (_, values) => values.map((value) => axisText(value, unit)),
          },
        ],
        series: [
          {},
          ...rows.map(({ series, swatch }) => ({
            label: series,
            stroke: getComputedStyle(swatch).backgroundColor,
            width: LINE_PX,
            points: { show: false },
          })),
        ],
      },
      data,
      place,
    );
  }
}

/** Returns the steps of an axis: powers of two for bytes, the default for other units. */
function marksOf(unit: string): Pick<UPlot.Axis, "incrs"> {
  return unit === "bytes per second" ? { incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) } : {};
}
