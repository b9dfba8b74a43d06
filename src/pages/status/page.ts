// Keeps the numbers of the page new, which the server has written, and draws them. Without it the page is a table.
import { Connections } from "./connections.ts";
import { PlotHistory } from "./plot-history.ts";
import { Plots } from "./plots.ts";
import { Samples } from "./samples.ts";

const main = document.querySelector<HTMLElement>("main[data-samples]");
// Else it is the form for the token.
if (main !== null) {
  const history = new PlotHistory(Number(main.dataset["samples"]));
  const plots = new Plots(main, history);
  const connections = new Connections(main, () => plots.look());
  const samples = new Samples(history, () => {
    plots.draw();
    connections.refresh();
  });
  plots.look();
  samples.start();
}
