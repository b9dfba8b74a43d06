// Reloads while clients connect and disconnect: no connection is lost or refused.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { connect } from "../../../src/server/connect.ts";
import type { ServicePlan } from "../../../src/supervisor/plan.ts";
import { at, fetched, greeter, page, running, said, urlOfService } from "./running.ts";

/** How many reloads there are; every `brokenEvery`th one has a service that cannot start. */
export interface LoadedReloads {
  readonly reloads: number;
  readonly brokenEvery: number;
}

const CLIENTS = 4;
const LASTING = 8;

/** Reloads repeatedly: names, greetings and mounts change, and the listeners stay. */
export async function reloadUnderLoad({ reloads, brokenEvery }: LoadedReloads): Promise<void> {
  const module = brokenModule();
  const { supervisor } = await running([
    greeter("greet-0", ["tcp://127.0.0.1:0"], "greeting 0"),
    page("site", [at("http://127.0.0.1:0", "/")]),
  ]);
  const [url, site] = [urlOfService(supervisor, "greet-0"), urlOfService(supervisor, "site").slice(0, -1)];
  const lasting = await Promise.all(Array.from({ length: LASTING }, () => connect(url)));
  onTestFinished(() => {
    for (const client of lasting) client.abort();
  });
  for (const client of lasting) await client.readUntil("\n");
  let isOver = false;
  let served = 0;
  const comeAndGo = async (): Promise<void> => {
    while (!isOver) {
      const client = await connect(url);
      const greeting = String(await client.readUntil("\n"));
      expect(greeting).toMatch(/^greeting \d+\n$/);
      expect(await said(client, "Rose")).toBe("Hello, Rose!");
      await client.close();
      expect((await fetched(`${site}/x`)).status).toBe(200);
      served++;
    }
  };
  const clients = Array.from({ length: CLIENTS }, comeAndGo);
  const failed = Promise.all(clients);
  try {
    for (let reload = 1; reload <= reloads; reload++) {
      const services: ServicePlan[] = [
        // Every second reload changes only a mount.
        greeter(`greet-${reload >> 1}`, [url], `greeting ${reload >> 1}`),
        page("site", [at(site, "/")], `site ${reload}`),
        ...(reload % 3 === 0 ? [page("other", [at(site, "/other/")])] : []),
      ];
      const isBroken = reload % brokenEvery === 0;
      const done = supervisor.reload({ services: isBroken ? [...services, module] : services });
      if (isBroken) await expect(Promise.race([done, failed])).rejects.toThrow("the service broken cannot be started");
      else await Promise.race([done, failed]);
    }
  } finally {
    isOver = true;
  }
  await failed;
  expect(served).toBeGreaterThan(0);
  for (const client of lasting) expect(await said(client, "Rose")).toBe("Hello, Rose!");
}

function brokenModule(): ServicePlan {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-broken-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "broken.mjs");
  writeFileSync(path, "export default {");
  return { ...greeter("broken", ["tcp://127.0.0.1:0"]), source: { type: "module", path, options: {} } };
}
