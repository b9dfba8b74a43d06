// @ts-check
/** @typedef {import("./measurement.mjs").Measurement} Measurement */

/**
 * A server that can run here.
 * @typedef {{ name: string, title: string, version: string | undefined, measure: () => Promise<Measurement> }} Entrant
 */

/**
 * Measures every entrant once in each round, with a fresh process each time.
 * @param {string} name
 * @param {import("./report.mjs").ReportedCase} testCase
 * @param {readonly Entrant[]} entrants
 * @param {number} rounds
 * @returns {Promise<import("./report.mjs").CaseResult>}
 */
export async function runRounds(name, testCase, entrants, rounds) {
  const servers = new Map(
    entrants.map(({ name: server, title, version, measure }) => [
      server,
      { title: version === undefined ? title : `${title} (${version})`, measure },
    ]),
  );
  /** @type {Map<string, Measurement[]>} */
  const measurements = new Map([...servers.keys()].map((server) => [server, []]));
  /** @type {string[]} */
  const failures = [];

  for (let round = 0; round < rounds; round += 1) {
    for (const [server, { measure }] of rotated([...servers], round)) {
      const place = `${name} ${round + 1}/${rounds} ${server}`;
      try {
        const measurement = await measure();
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
