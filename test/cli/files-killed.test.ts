// A server that is killed while it receives: the upload goes on, and the file is right. SOCKWRIGHT_KILLS sets how often; 200 by hand.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Child } from "../support/child.ts";
import { freeFolder, start } from "./sockwright.ts";

const KILLS = Number(process.env["SOCKWRIGHT_KILLS"] ?? 5);
/** So small that each attempt gets on, and so large that it does not end before it is killed. */
const BYTES = 24 * 1024 * 1024;

async function startFiles(root: string): Promise<{ child: Child; url: string }> {
  const child = await start("files", root, "0");
  const [, url = ""] = await child.line(/^listening on (.+)$/);
  return { child, url };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Sends a request; of a body, `killAt` bytes, and then `kill` is called. Undefined when there is no answer. */
function send(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: Buffer = Buffer.alloc(0),
  kill: { at: number; now: () => void } | undefined = undefined,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const own = request(
      url,
      { method, agent: false, headers: { ...headers, "Content-Length": `${body.length}` } },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }));
        answer.on("error", () => resolve(undefined));
      },
    );
    own.on("error", () => resolve(undefined));
    if (kill === undefined) own.end(body);
    else own.write(body.subarray(0, kill.at), () => kill.now());
  });
}

test(`the server is killed ${KILLS} times at random offsets`, async () => {
  const root = freeFolder();
  const bytes = randomBytes(BYTES);
  let { child, url } = await startFiles(root);
  let [offset, kills, files] = [0, 0, 0];
  let path = "";
  while (kills < KILLS || path !== "") {
    if (path === "") {
      const created = await send(`${url}/f${files}`, "POST", { "Upload-Complete": "?0", "Upload-Length": `${BYTES}` });
      path = String(created?.headers["location"]);
      offset = 0;
    }
    const rest = bytes.subarray(offset);
    const headers = {
      "Content-Type": "application/partial-upload",
      "Upload-Offset": `${offset}`,
      "Upload-Complete": "?1",
    };
    const killed = child;
    const kill =
      kills >= KILLS ? undefined : { at: Math.floor(Math.random() * rest.length), now: () => killed.kill("SIGKILL") };
    const answer = await send(url + path, "PATCH", headers, rest, kill);
    if (kill === undefined) {
      expect(answer?.status).toBe(201);
      expect(readFileSync(join(root, `f${files++}`)).equals(bytes)).toBe(true);
      path = "";
      continue;
    }
    kills++;
    await child.exit();
    expect(readdirSync(root).filter((name) => name !== ".sockwright")).toHaveLength(files);
    ({ child, url } = await startFiles(root));
    const head = await send(url + path, "HEAD", {});
    expect(head?.status).toBe(204);
    const told = Number(head?.headers["upload-offset"]);
    expect(told).toBeGreaterThanOrEqual(offset);
    expect(told).toBeLessThanOrEqual(offset + kill.at);
    offset = told;
  }
  child.kill();
  await child.exit();
  // No partial file is left.
  expect(readdirSync(join(root, ".sockwright/uploads")).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(readdirSync(join(root, ".sockwright/incoming"))).toEqual([]);
});
