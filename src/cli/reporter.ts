import { jsonLine, printableMessage, printableName } from "./printable.ts";
import type { StandardOutput } from "./standard-output.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";

/** An event that a command reports besides its data. */
export type Report =
  | { readonly event: "listening"; readonly url: string }
  | { readonly event: "open"; readonly local: string; readonly peer: string }
  | { readonly event: "close"; readonly peer: string; readonly bytesSent: number; readonly bytesReceived: number }
  | {
      readonly event: "error";
      readonly message: string;
      /** What to do about it, in further lines. */
      readonly advice?: readonly string[];
      readonly code: string | undefined;
      readonly exitCode: number | undefined;
    };

/** Reports events on standard error: as text, or with `--json` as one JSON object per line. */
export class Reporter {
  readonly #output: Pick<StandardOutput, "write">;
  readonly #form: "json" | "words" | "errors";
  #isStuck = false;

  /** With `errors`, only errors are reported: standard error stays empty until one occurs. */
  constructor(output: Pick<StandardOutput, "write">, form: "json" | "words" | "errors") {
    this.#output = output;
    this.#form = form;
  }

  /** Resolves when the report is written, or after {@link LAST_WORDS_MS}; then further reports are left out until it is written. */
  async report(report: Report): Promise<void> {
    const line = this.#form === "json" ? jsonLine(report) : inWords(report);
    if (this.#form === "errors" && report.event !== "error") return;
    if (this.#isStuck) return;
    // A closed standard error is no failure.
    const written = this.#output.write(Buffer.from(`${line}\n`)).catch(() => undefined);
    if (await within(LAST_WORDS_MS, written)) return;
    this.#isStuck = true;
    void written.then(() => {
      this.#isStuck = false;
    });
  }
}

/** Returns a report as one line, or several with advice, whatever name a peer has: unix(7) allows any bytes in it. */
function inWords(report: Report): string {
  switch (report.event) {
    case "listening":
      return `listening on ${printableName(report.url)}`;
    case "open":
      return `open: ${printableName(report.peer)}`;
    case "close":
      return `closed: ${printableName(report.peer)}, ${report.bytesReceived} bytes received, ${report.bytesSent} sent`;
    case "error":
      return [`sockwright: ${report.message}`, ...(report.advice ?? []).map((line) => `  ${line}`)]
        .map(printableMessage)
        .join("\n");
  }
}
