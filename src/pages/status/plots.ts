import { Plot } from "./plot.ts";
import type { PlotHistory } from "./plot-history.ts";

/** The plots of the page. It draws only those that are in view or close to it. */
export class Plots {
  readonly #page: HTMLElement;
  readonly #history: PlotHistory;
  readonly #plots = new Map<HTMLElement, Plot>();
  readonly #inView = new Set<Plot>();
  readonly #intersections = new IntersectionObserver((entries) => this.#onIntersection(entries), { rootMargin: "50%" });
  readonly #sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) this.#of(target)?.resize();
  });

  constructor(page: HTMLElement, history: PlotHistory) {
    this.#page = page;
    this.#history = history;
    // The plots take their colours from the style, which has changed.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const plot of this.#plots.values()) plot.recolour();
      this.draw();
    });
  }

  /** Adds and removes plots after a change of the page, where services and series may come and go. */
  update(): void {
    for (const [figure, plot] of this.#plots) if (!figure.isConnected) this.#remove(figure, plot);
    for (const figure of this.#page.querySelectorAll("figure")) {
      if (!this.#plots.has(figure)) this.#add(figure);
    }
    this.draw();
  }

  draw(): void {
    for (const plot of this.#inView) plot.draw();
  }

  #add(figure: HTMLElement): void {
    this.#plots.set(figure, new Plot(figure, this.#history));
    this.#intersections.observe(figure);
    this.#sizes.observe(figure);
  }

  #remove(figure: HTMLElement, plot: Plot): void {
    this.#intersections.unobserve(figure);
    this.#sizes.unobserve(figure);
    this.#inView.delete(plot);
    this.#plots.delete(figure);
    plot.remove();
  }

  #onIntersection(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const plot = this.#of(target);
      if (plot === undefined) continue;
      if (isIntersecting) this.#inView.add(plot);
      else this.#inView.delete(plot);
      if (isIntersecting) plot.draw();
    }
  }

  #of(element: Element): Plot | undefined {
    return element instanceof HTMLElement ? this.#plots.get(element) : undefined;
  }
}
