import { jsonLine, printableMessage, printableName } from "./printable.ts";
import type { StandardOutput } from "./standard-output.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";

/** What a command tells besides its data. */
export type Report =
  | { readonly event: "listening"; readonly url: string }
  | { readonly event: "open"; readonly local: string; readonly peer: string }
  | { readonly event: "close"; readonly peer: string; readonly bytesSent: number; readonly bytesReceived: number }
  | {
      readonly event: "error";
      readonly message: string;
      readonly code: string | undefined;
      readonly exitCode: number | undefined;
    };

/** Tells it on standard error: as words, or with `--json` as one JSON object a line. */
export class Reporter {
  readonly #output: Pick<StandardOutput, "write">;
  readonly #form: "json" | "words" | "errors";
  #isStuck = false;

  /** With `errors`, all else is left out: standard error stays empty as long as all is well. */
  constructor(output: Pick<StandardOutput, "write">, form: "json" | "words" | "errors") {
    this.#output = output;
    this.#form = form;
  }

  /** Settles when it is told, or when nobody takes it; then what comes next is left out, until somebody does. */
  async tell(report: Report): Promise<void> {
    const line = this.#form === "json" ? jsonLine(report) : inWords(report);
    if (this.#form === "errors" && report.event !== "error") return;
    if (this.#isStuck) return;
    // Whoever closed standard error wants to hear nothing.
    const told = this.#output.write(Buffer.from(`${line}\n`)).catch(() => undefined);
    if (await within(LAST_WORDS_MS, told)) return;
    this.#isStuck = true;
    void told.then(() => {
      this.#isStuck = false;
    });
  }
}

/** Each is one line, whatever names a peer gives itself: unix(7) lets it have any bytes in them. */
function inWords(report: Report): string {
  switch (report.event) {
    case "listening":
      return `listening on ${printableName(report.url)}`;
    case "open":
      return `open: ${printableName(report.peer)}`;
    case "close":
      return `closed: ${printableName(report.peer)}, ${report.bytesReceived} bytes received, ${report.bytesSent} sent`;
    case "error":
      return `sockwright: ${printableMessage(report.message)}`;
  }
}
