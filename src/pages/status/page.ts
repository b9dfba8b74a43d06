// The script of the status page: it updates the numbers that the server has written, and plots them. Without it the page is a table.
import { Connections } from "./connections.ts";
import { PlotHistory } from "./plot-history.ts";
import { Plots } from "./plots.ts";
import { Samples } from "./samples.ts";

const main = document.querySelector<HTMLElement>("main[data-samples]");
// Without that element the page is the form for the token.
if (main !== null) {
  const history = new PlotHistory(Number(main.dataset["samples"]));
  const plots = new Plots(main, history);
  const connections = new Connections(main, () => plots.update());
  const samples = new Samples(history, () => {
    plots.draw();
    connections.refresh();
  });
  plots.update();
  samples.start();
}
