// A listener on a link-local address reports its zone, so that a client can connect.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const PROGRAM = fileURLToPath(new URL("programs/zoned-listeners.mjs", import.meta.url));

/** The URL listened on, and the URL that the server reports; a group has the zone of its interface. */
const LISTENERS: readonly (readonly [url: string, told: string])[] = [
  ["tcp://[fe80::1%lo]:0", "tcp://[fe80::1%lo]:PORT"],
  ["udp://[fe80::1%lo]:0", "udp://[fe80::1%lo]:PORT"],
  ["udp://[ff02::114%lo]:0", "udp://[ff02::114%lo]:PORT"],
  ["udp://[ff02::114]:0?interface=lo", "udp://[ff02::114%lo]:PORT"],
];

test.for(["native", "node"])("%s: the URL of a listener has the zone that a client needs", async (name, context) => {
  const [unshare, ip] = [requireTool(context, "network namespaces"), requireTool(context, "ip")];
  const setUp = [
    `${ip} link set lo up`,
    `${ip} address add fe80::1/64 dev lo nodad`,
    `${ip} -6 route add multicast ff00::/8 dev lo table local`,
    'exec "$@"',
  ].join(" && ");
  const command = [process.execPath, PROGRAM, ...LISTENERS.map(([url]) => url)];
  const env = { ...process.env, SOCKWRIGHT_TRANSPORT: name };
  const child = await startChild(unshare, ["--net", "sh", "-c", setUp, "sh", ...command], { env });
  expect([await child.exit(), child.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  expect(child.stdout.trimEnd().split("\n")).toEqual(LISTENERS.map((row) => row.join(" ")));
});
