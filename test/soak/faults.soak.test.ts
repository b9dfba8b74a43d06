// The faults that a server has to survive, each with its own criterion, at a hundredth of the full load or more; `npm run soak`
// runs the full load. SOCKWRIGHT_SOAK_PART=0.1 reduces it to a tenth, and to the faults that take about a second, as .ci/run
// does.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";

const RUN = fileURLToPath(new URL("run.mjs", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));
const PART = Number(process.env["SOCKWRIGHT_SOAK_PART"] ?? 1);
/** Far more than any fault takes. */
const PATIENCE_MS = 300_000;

interface Fault {
  readonly title: string;
  readonly program: string;
  /** The part of the full load. */
  readonly scale: number;
  /** The program of servers/ to test; the default is Sockwright's. */
  readonly server?: string;
  /** It takes several seconds at any load. */
  readonly isSlow?: true;
}

const faults: readonly Fault[] = [
  { title: "R2: churn", program: "r02-churn", scale: 0.01, isSlow: true },
  { title: "R2: churn, on layer 1", program: "r02-churn", scale: 0.001, server: "sockwright-socket", isSlow: true },
  { title: "R3: steady load", program: "r03-steady", scale: 0.01, isSlow: true },
  { title: "R4: data integrity", program: "r04-integrity", scale: 0.01 },
  { title: "R5: resets in the middle of a write", program: "r05-resets-mid-write", scale: 0.01, isSlow: true },
  { title: "R5: the same on layer 1", program: "r05-resets-mid-write", scale: 0.01, server: "sockwright-socket" },
  { title: "R5: resets in recv, in sendall and before accept, on layer 1", program: "resets", scale: 0.1 },
  { title: "R6: half-close", program: "r06-half-close", scale: 0.02 },
  { title: "R7: slow readers", program: "r07-slow-readers", scale: 0.02, isSlow: true },
  { title: "R8: slowloris", program: "r08-slowloris", scale: 0.02, isSlow: true },
  { title: "R9: accept flood", program: "r09-accept-flood", scale: 0.01 },
  { title: "R10: out of descriptors", program: "r10-out-of-descriptors", scale: 0.02 },
  { title: "R10 and R11: errors of accept(2)", program: "r11-accept-errors", scale: 0.01 },
  { title: "R12: errors of a datagram's send", program: "r12-datagram-errors", scale: 0.02 },
  { title: "R13: no place in epoll, none for a bind", program: "r13-epoll-full", scale: 0.05 },
  { title: "R14: storm of signals", program: "r14-signal-storm", scale: 0.02 },
  { title: "R15: short reads and writes, spurious EAGAIN", program: "r15-short-io", scale: 0.01 },
  { title: "R16: model check", program: "r16-model", scale: 0.01 },
  { title: "R17: stale records", program: "r17-stale-records", scale: 0.01 },
  { title: "R18: bytes that are kept, and bytes that are lent", program: "r18-lent-bytes", scale: 0.01 },
  { title: "R19: handlers that throw", program: "r19-throws", scale: 0.01 },
  { title: "R19: the same, beside quiet connections, on layer 1", program: "neighbours", scale: 0.05, isSlow: true },
  { title: "R20: starvation", program: "r20-starvation", scale: 0.02, isSlow: true },
  { title: "R20: starvation by datagrams", program: "r20-hot-datagrams", scale: 0.01, isSlow: true },
  { title: "R20: starvation, on layer 1", program: "line-rate", scale: 0.1, isSlow: true },
  { title: "R23: workers terminated in a batch", program: "workers", scale: 0.05 },
  { title: "R25: clock jumps", program: "r25-clock-jumps", scale: 0.01, isSlow: true },
  { title: "R28: framing", program: "r28-framing", scale: 0.01 },
  { title: "R29: Unix sockets", program: "r29-unix-sockets", scale: 0.01 },
  { title: "R31: allocations", program: "r31-allocations", scale: 0.01 },
  { title: "R36: stampede", program: "r36-stampede", scale: 0.01, isSlow: true },
];

for (const { title, program, scale, server = "sockwright" } of faults.filter(({ isSlow }) => !isSlow || PART === 1)) {
  const part = String(Number((scale * PART).toPrecision(3)));
  test(`${title}, at ${part} of the full load`, { timeout: PATIENCE_MS }, async (context) => {
    requireTool(context, "python3");
    const child = await startChild(process.execPath, [RUN, "--scale", part, "--server", server, program]);
    const { code } = await child.exit();
    console.info(child.stdout);
    expect(child.stdout).not.toContain("missed");
    expect(child.stderr).toBe("");
    expect(code).toBe(0);
  });
}

test("every program runs", () => {
  expect(readdirSync(PROGRAMS).sort()).toEqual([...new Set(faults.map(({ program }) => `${program}.mjs`))].sort());
});
