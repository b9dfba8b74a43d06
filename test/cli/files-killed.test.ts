// A server that is killed while it receives, a client that is cut off, a disk that is full: the upload goes on, and the file is right.
// SOCKWRIGHT_KILLS sets how often; 200 by hand.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { freeFolder, program, start } from "./sockwright.ts";

const KILLS = Number(process.env["SOCKWRIGHT_KILLS"] ?? 5);
/** So small that each attempt gets on, and so large that it does not end before it is killed. */
const BYTES = 24 * 1024 * 1024;
const CONTENT = randomBytes(BYTES);

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
  kill: { at: number; now: (own: ClientRequest) => void } | undefined = undefined,
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
    else own.write(body.subarray(0, kill.at), () => kill.now(own));
  });
}

/** Where an upload goes on: a POST begins it. */
async function begunUpload(url: string, name: string): Promise<string> {
  const created = await send(`${url}/${name}`, "POST", { "Upload-Complete": "?0", "Upload-Length": `${BYTES}` });
  expect(created?.status).toBe(201);
  return String(created?.headers["location"]);
}

/** The offset that the server tells. */
async function toldOffset(url: string): Promise<number> {
  const head = await send(url, "HEAD", {});
  expect(head?.status).toBe(204);
  return Number(head?.headers["upload-offset"]);
}

function patchHeaders(offset: number): Record<string, string> {
  return { "Content-Type": "application/partial-upload", "Upload-Offset": `${offset}`, "Upload-Complete": "?1" };
}

/** Sends the rest of an upload, and expects the file. */
async function completed(url: string, path: string, offset: number, file: string): Promise<void> {
  const answer = await send(url + path, "PATCH", patchHeaders(offset), CONTENT.subarray(offset));
  expect(answer?.status).toBe(201);
  expect(readFileSync(file).equals(CONTENT)).toBe(true);
}

/** How often an upload is interrupted before it is let through. */
const PER_FILE = 5;

test(`the server is killed ${KILLS} times at random offsets`, async () => {
  const root = freeFolder();
  let { child, url } = await startFiles(root);
  for (let kills = 0, files = 0; kills < KILLS; files++) {
    const path = await begunUpload(url, `f${files}`);
    let offset = 0;
    for (let tries = 0; tries < PER_FILE && kills < KILLS; tries++, kills++) {
      const rest = CONTENT.subarray(offset);
      const at = Math.floor(Math.random() * rest.length);
      const killed = child;
      await send(url + path, "PATCH", patchHeaders(offset), rest, { at, now: () => killed.kill("SIGKILL") });
      await child.exit();
      expect(readdirSync(root).filter((name) => name !== ".sockwright")).toHaveLength(files);
      ({ child, url } = await startFiles(root));
      const told = await toldOffset(url + path);
      expect(told).toBeGreaterThanOrEqual(offset);
      expect(told).toBeLessThanOrEqual(offset + at);
      offset = told;
    }
    await completed(url, path, offset, join(root, `f${files}`));
  }
  child.kill();
  await child.exit();
  // No partial file is left.
  expect(readdirSync(join(root, ".sockwright/uploads")).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(readdirSync(join(root, ".sockwright/incoming"))).toEqual([]);
});

test(`the connection is cut ${KILLS} times at random offsets`, async () => {
  const root = freeFolder();
  const { child, url } = await startFiles(root);
  for (let cuts = 0, files = 0; cuts < KILLS; files++) {
    const path = await begunUpload(url, `f${files}`);
    let offset = 0;
    for (let tries = 0; tries < PER_FILE && cuts < KILLS; tries++, cuts++) {
      const rest = CONTENT.subarray(offset);
      const at = Math.floor(Math.random() * rest.length);
      await send(url + path, "PATCH", patchHeaders(offset), rest, { at, now: (own) => own.destroy() });
      const told = await toldOffset(url + path);
      expect(told).toBeGreaterThanOrEqual(offset);
      expect(told).toBeLessThanOrEqual(offset + at);
      offset = told;
    }
    await completed(url, path, offset, join(root, `f${files}`));
  }
  child.kill();
  await child.exit();
  expect(readdirSync(join(root, ".sockwright/uploads")).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test(`the disk is full ${Math.ceil(KILLS / 4)} times at random offsets`, async (context) => {
  requireTool(context, "mount namespaces");
  const folder = freeFolder();
  const script = `mount -t tmpfs -o size=${BYTES + 2_000_000} none "$1" && exec "${process.execPath}" "${program}" files "$1" 0`;
  const child = await startChild("unshare", ["--mount", "sh", "-c", script, "sh", folder]);
  const [, url = ""] = await child.line(/^listening on (.+)$/);
  // The folder as the server sees it.
  const root = `/proc/${child.pid}/root${folder}`;
  const space = (): number => statfsSync(root).bavail * statfsSync(root).bsize;
  const before = space();
  for (let times = 0; times < KILLS / 4; times++) {
    const path = await begunUpload(url, "f");
    const room = Math.floor(Math.random() * (BYTES - 1_000_000));
    writeFileSync(`${root}/filler`, Buffer.alloc(Math.max(0, space() - room)));
    const full = await send(url + path, "PATCH", patchHeaders(0), CONTENT);
    // Undefined: the server closes the connection on the rest of the body.
    expect([507, undefined]).toContain(full?.status);
    expect(readdirSync(root).sort()).toEqual([".sockwright", "filler"]);
    rmSync(`${root}/filler`);
    const told = await toldOffset(url + path);
    expect(told).toBeLessThanOrEqual(room + 1_000_000);
    await completed(url, path, told, `${root}/f`);
    rmSync(`${root}/f`);
    await send(url + path, "DELETE", {});
  }
  // Receipts, and blocks of the folder, alone.
  expect(before - space()).toBeLessThan(500_000);
  child.kill();
  await child.exit();
});
