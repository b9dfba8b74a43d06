import { Plot } from "./plot.ts";
import type { PlotHistory } from "./plot-history.ts";

/** The plots of the page. Only those that are in sight, or nearly so, are drawn. */
export class Plots {
  readonly #page: HTMLElement;
  readonly #history: PlotHistory;
  readonly #plots = new Map<HTMLElement, Plot>();
  readonly #inSight = new Set<Plot>();
  readonly #sight = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "50%" });
  readonly #sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) this.#of(target)?.resize();
  });

  constructor(page: HTMLElement, history: PlotHistory) {
    this.#page = page;
    this.#history = history;
    // The colours come from the style.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const plot of this.#plots.values()) plot.recolour();
      this.draw();
    });
  }

  /** The page has changed: services come and go, and series too. */
  look(): void {
    for (const [figure, plot] of this.#plots) if (!figure.isConnected) this.#remove(figure, plot);
    for (const figure of this.#page.querySelectorAll("figure")) {
      if (!this.#plots.has(figure)) this.#add(figure);
    }
    this.draw();
  }

  draw(): void {
    for (const plot of this.#inSight) plot.draw();
  }

  #add(figure: HTMLElement): void {
    this.#plots.set(figure, new Plot(figure, this.#history));
    this.#sight.observe(figure);
    this.#sizes.observe(figure);
  }

  #remove(figure: HTMLElement, plot: Plot): void {
    this.#sight.unobserve(figure);
    this.#sizes.unobserve(figure);
    this.#inSight.delete(plot);
    this.#plots.delete(figure);
    plot.remove();
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const plot = this.#of(target);
      if (plot === undefined) continue;
      if (isIntersecting) this.#inSight.add(plot);
      else this.#inSight.delete(plot);
      if (isIntersecting) plot.draw();
    }
  }

  #of(element: Element): Plot | undefined {
    return element instanceof HTMLElement ? this.#plots.get(element) : undefined;
  }
}
