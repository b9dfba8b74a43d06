// @ts-check
import { CASES } from "./case.mjs";
import { measure } from "./measurement.mjs";

/**
 * A server that can run here, with its command line.
 * @typedef {{ peer: import("./peer.mjs").Peer, command: string[], version?: string }} Entrant
 */

/**
 * Measures every entrant once in each round, with a fresh process each time.
 * @param {string} name
 * @param {readonly Entrant[]} entrants
 * @param {string} load the load generator's path
 * @param {ReturnType<typeof import("./options.mjs").parseOptions>} options
 * @returns {Promise<import("./report.mjs").CaseResult>}
 */
export async function runRounds(name, entrants, load, options) {
  const testCase = CASES.get(name);
  if (testCase === undefined) throw new RangeError(`no case ${name}`);
  const servers = new Map(
    entrants.map(({ peer, command, version }) => {
      const title = version === undefined ? peer.title : `${peer.title} (${version})`;
      return [peer.name, { title, command }];
    }),
  );
  /** @type {Map<string, import("./measurement.mjs").Measurement[]>} */
  const measurements = new Map([...servers.keys()].map((server) => [server, []]));
  /** @type {string[]} */
  const failures = [];

  for (let round = 0; round < options.rounds; round += 1) {
    for (const [server, { command }] of rotated([...servers], round)) {
      const place = `${name} ${round + 1}/${options.rounds} ${server}`;
      try {
        const measurement = await measure(testCase, command, load, options);
        measurements.get(server)?.push(measurement);
        console.error(`${place} ${measurement.cpuMicroseconds.toFixed(2)} µs`);
      } catch (error) {
        // Without this round the server's ratios have no pair: it leaves the case, and the command fails at the end.
        servers.delete(server);
        failures.push(`${place}: ${error instanceof Error ? error.message : error}`);
        console.error(failures.at(-1));
      }
    }
  }
  return {
    testCase,
    servers: new Map([...servers].map(([key, { title }]) => [key, { title, rounds: measurements.get(key) ?? [] }])),
    failures,
  };
}

/**
 * Each round begins with another server, so that none is always the one behind a warm or a busy machine.
 * @template T
 * @param {readonly T[]} items
 * @param {number} by
 */
function rotated(items, by) {
  const start = by % Math.max(items.length, 1);
  return [...items.slice(start), ...items.slice(0, start)];
}
