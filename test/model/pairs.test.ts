// Random operations on pairs of layer 1, against a model of what each end may receive from the other.
// SOCKWRIGHT_MODEL_RUNS=100000 sets the number of sequences of each kind, SOCKWRIGHT_MODEL_SEED repeats an earlier run.
import { constants } from "node:os";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../src/index.ts";
import { kernel } from "../../src/native/load.ts";
import { often } from "../support/soak.ts";
import { type Operation, operations } from "./operation.ts";
import { trialInStorm, trialOnMachine } from "./trial.ts";

const runs = Number(process.env["SOCKWRIGHT_MODEL_RUNS"] ?? often(1_000, 100_000));
const seed = Number(process.env["SOCKWRIGHT_MODEL_SEED"] ?? Date.now() % 2 ** 31);
const MACHINE_SHARE = 4;
const TIMEOUT_MS = 60_000 + runs * 50;

console.info(`model of pairs: SOCKWRIGHT_MODEL_SEED=${seed} SOCKWRIGHT_MODEL_RUNS=${runs}`);

const types = [
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const;

type Trial = (operations: readonly Operation[], storm: number) => Promise<string | undefined>;

/** Undefined when every run follows the model; otherwise the shortest sequence that does not. */
async function searchFor(trial: Trial, numRuns: number, from = seed): Promise<string | undefined> {
  const property = fc.asyncProperty(operations, fc.nat(), async (sequence, storm) => {
    expect(await trial(sequence, storm)).toBeUndefined();
  });
  const details = await fc.check(property, { numRuns, seed: from });
  return details.failed ? fc.defaultReportMessage(details) : undefined;
}

describe.each(types)("a %s pair delivers what was sent, in order, and nothing else", (_name, type) => {
  test("on a fake kernel with random faults", { timeout: TIMEOUT_MS }, async () => {
    expect(await searchFor((sequence, storm) => trialInStorm(type, storm, sequence), runs)).toBeUndefined();
  });

  test("of real sockets", { timeout: TIMEOUT_MS }, async () => {
    const share = Math.ceil(runs / MACHINE_SHARE);
    expect(await searchFor((sequence) => trialOnMachine(type, sequence), share)).toBeUndefined();
  });
});

describe("a planted fault is found", () => {
  const { recv, send } = kernel;
  const { EAGAIN } = constants.errno;
  /** The seed is fixed, so that the fault is found in every run. */
  const PLANTED_SEED = 1;
  const PLANTED_RUNS = 2_000;

  const faults: Readonly<Record<string, () => unknown>> = {
    "a byte is lost in one of many reads": () => {
      let reads = 0;
      vi.spyOn(kernel, "recv").mockImplementation((...given) => {
        const count = recv(...given);
        return count > 1 && ++reads % 20 === 0 ? count - 1 : count;
      });
    },
    "a send that was cut says that it was whole": () => {
      vi.spyOn(kernel, "send").mockImplementation((...given) => {
        const count = send(...given);
        return count > 0 ? given[4] : count;
      });
    },
    "a failed send is tried once more, though it went out": () => {
      let sends = 0;
      vi.spyOn(kernel, "send").mockImplementation((...given) => {
        const count = send(...given);
        return count > 0 && ++sends % 20 === 0 ? -EAGAIN : count;
      });
    },
    "a send overtakes the one before it": () => {
      const held: Parameters<typeof send>[] = [];
      vi.spyOn(kernel, "send").mockImplementation((...given) => {
        const [slot, generation, data, ...rest] = given;
        if (held.length === 0 && given[4] > 100) {
          held.push([slot, generation, Uint8Array.from(data), ...rest]);
          return given[4];
        }
        const count = send(...given);
        for (const late of held.splice(0)) send(...late);
        return count;
      });
    },
  };

  test.for(Object.entries(faults))("%s", { timeout: TIMEOUT_MS }, async ([, plant]) => {
    plant();
    onTestFinished(() => void vi.restoreAllMocks());
    const search = searchFor((sequence) => trialOnMachine(SOCK_STREAM, sequence), PLANTED_RUNS, PLANTED_SEED);
    expect(await search).toContain("Property failed");
  });
});
