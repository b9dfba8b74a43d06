// @ts-check
// R13. epoll_ctl(2) fails with ENOSPC (max_user_watches) or ENOMEM for a new connection: the server refuses and reports
// this one, the others continue. bind(2) fails with ENOSPC for a Unix socket: serve rejects, and leaves nothing open.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { Visitor } from "../crowd.mjs";
import { holdings, reportHoldings } from "../holdings.mjs";
import { replace } from "../kernel.mjs";
import { echoBytes, serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";

const rounds = part(1_000);
const OLD = 10;
const { errno } = constants;

/** @type {Record<string, number>} */
const reported = {};
const { server, port } = await serveHere(echoBytes, {
  onError: (error) => {
    const code = String(Reflect.get(Object(error), "code"));
    reported[code] = (reported[code] ?? 0) + 1;
  },
});
const old = Array.from({ length: OLD }, () => new Visitor(port));
await Promise.all(old.map((visitor) => visitor.echo("hello")));

/** Slots that epoll watches. */
/** @type {Set<string>} */
const watched = new Set();
/** @type {number | undefined} */
let fault;
const restore = replace("watch", (watch) => (slot, generation, interest) => {
  const name = `${slot} ${generation}`;
  const isNew = interest !== 0 && !watched.has(name);
  if (isNew && fault !== undefined) return -fault;
  if (isNew) watched.add(name);
  return watch(slot, generation, interest);
});
const report = new Report(`R13: epoll_ctl(2) and bind(2) without room × ${rounds}`);
const before = holdings();
for (const code of /** @type {const} */ (["ENOSPC", "ENOMEM"])) {
  let served = 0;
  let alive = 0;
  for (let round = 0; round < rounds; round++) {
    fault = errno[code];
    const unlucky = new Visitor(port);
    if (await unlucky.echo("hello")) served++;
    fault = undefined;
    const lucky = new Visitor(port);
    if (await lucky.echo("hello")) alive++;
    await lucky.leave();
    await unlucky.leave();
  }
  report.exactly(`served without a place in epoll, ${code}`, served, 0);
  report.exactly(`reported with ${code}`, reported[code] ?? 0, rounds);
  report.exactly("served right afterwards", alive, rounds);
}
restore();
const alive = await Promise.all(old.map((visitor) => visitor.echo("still there?")));
report.exactly("old connections alive", alive.filter(Boolean).length, OLD);

const folder = mkdtempSync(join(tmpdir(), "sockwright-soak-"));
const full = replace("bind", () => () => -errno.ENOSPC);
let rejected = 0;
for (let round = 0; round < rounds; round++) {
  await serveHere(echoBytes, {}, `unix://${folder}/socket`).catch((error) => {
    if (Reflect.get(Object(error), "code") === "ENOSPC") rejected++;
  });
}
full();
report.exactly("binds of a Unix path rejected with ENOSPC", rejected, rounds);
report.exactly("files left by them", readdirSync(folder).length, 0);
rmSync(folder, { recursive: true });
await until(() => server.connections().length === OLD);
reportHoldings(report, before);
for (const visitor of old) await visitor.leave();
await server.close();
report.end();
