// Hostile peers control the name of a peer; a module or a file controls the text of a message. `up` logs these, and `ctl` and
// the status page show them, as harmless text.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AF_UNIX, socket } from "../../src/index.ts";
import { freeFolder, start } from "./sockwright.ts";

const HOSTILE = `x\x1b]0;owned\x07\r\nchat: runs again\x7f\x9b2J\u202e\u2028\u2066<img src=x onerror="window.__pwned=1">`;
/** Paths of Unix sockets must be short. */
const NAME = "x\x1b]0;owned\x07\r\n\x9b\u202e<img src=x>";
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const FILE = `
[[service]]
name = "broken"
module = "./broken.mjs"
listen = ${JSON.stringify("unix:@LISTENER")}

[[service]]
name = "held"
kind = "greet"
listen = "unix:@LISTENER-held"

[[service]]
name = "status"
kind = "status"
listen = "http://127.0.0.1:0/status/"
`;
const MODULE = `export default { name: "broken", async stream(connection) {
  await connection.read();
  throw new Error(${JSON.stringify(HOSTILE)});
} };
`;

test.for(["text", "json"] as const)("the log as %s, ctl, and the page", async (form) => {
  const folder = freeFolder();
  // Each run uses names of its own: all processes of a machine share the abstract names.
  const [listener, peer] = ["l", "p"].map((what) => `${folder.slice(-6)}${what}${NAME}`);
  const file = join(folder, "a\x1b[2J\u202e.toml");
  writeFileSync(file, FILE.replaceAll("LISTENER", JSON.stringify(listener).slice(1, -1)));
  writeFileSync(join(folder, "broken.mjs"), MODULE);
  const up = await start("up", file, "--log", form);
  const [page] = await up.line(/http:\/\/[\d.:]+\/status\//);
  const admin = ["--socket", join(folder, "sockwright.sock")];
  const ctl = async (...args: readonly string[]): Promise<string> => {
    const child = await start("ctl", ...args, ...admin);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    return child.stdout;
  };
  await ctl("status");
  for (const suffix of ["", "-held"]) {
    const client = socket(AF_UNIX);
    onTestFinished(() => client.close());
    client.bind({ abstract: `${peer}${suffix}` });
    await client.connect({ abstract: `${listener}${suffix}` });
    await client.sendall(suffix === "" ? "x\n" : "");
  }
  await up.line(/failed|"event":"error"/);
  for (const args of [["status"], ["connections"], ["status", "--json"], ["connections", "--json"]]) {
    const lines = (await ctl(...args)).split("\n");
    for (const line of lines) expect(line).not.toMatch(HARMFUL);
    expect(lines.join("\n")).toMatch(/owned/);
  }
  for (const path of ["", "data", "metrics"]) {
    const text = await (await fetch(new URL(path, page))).text();
    expect(text).toContain(path === "metrics" ? "sockwright" : "owned");
    if (path === "") expect(text).not.toContain("<img");
    for (const line of text.split("\n")) expect(line).not.toMatch(HARMFUL);
  }
  await ctl("reload");
  await up.line(/reloaded/);
  writeFileSync(file, "[[service]]\n");
  up.kill("SIGHUP");
  await up.line(/refused|not reloaded/);
  up.kill();
  expect(await up.exit()).toEqual({ code: 0, signal: null });
  const events = up.stdout.trimEnd().split("\n");
  for (const line of events) expect(line).not.toMatch(HARMFUL);
  const forms = {
    text: /^(?:(?:broken|held|status): (?:listening on|failed)|reloaded|stopping|\/)/,
    json: /^\{"time":"/,
  };
  for (const line of events) expect(line).toMatch(forms[form]);
  expect(up.stdout).toMatch(/owned/);
});
