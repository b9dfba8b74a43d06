// Downloads with curl and wget that break off and are resumed.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { HttpExchange } from "../../src/http.ts";
import { served } from "../behaviour/web/site.ts";
import { breakingRelay } from "../support/breaking-relay.ts";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { until } from "../support/until.ts";

interface Downloader {
  readonly program: "curl" | "wget";
  readonly args: readonly string[];
  /** The exit status of each run: the first on a connection that breaks, the last when the file is complete. */
  readonly codes: readonly number[];
}

/** curl(1): 18 is a partial file. wget resumes by itself; otherwise it waits one second first. */
const CURL: Downloader = { program: "curl", args: ["-sS", "-C", "-", "-O"], codes: [18, 0, 0] };
const WGET: Downloader = { program: "wget", args: ["-nv", "-c", "--tries=2", "--waitretry=0"], codes: [0, 0] };

/** A file that the server keeps in memory, and one that it sends from the disk. */
const LENGTHS = [20_000, 3_000_000];

test.for([CURL, WGET].flatMap((downloader) => LENGTHS.map((length) => ({ ...downloader, length }))))(
  "$program resumes $length bytes",
  async ({ program, args, codes, length }, context) => {
    const peer = requireTool(context, program);
    const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const content = Buffer.alloc(length, "0123456789abc");
    const exchanges: HttpExchange[] = [];
    const site = await served({ "file.bin": content }, { http: { onExchange: (it) => exchanges.push(it) } });
    const url = await breakingRelay(site.url, { breakAfterBytes: length / 2 });
    for (const code of codes) {
      const child = await startChild(peer, [...args, `${url}/file.bin`], { cwd: folder });
      expect(await child.exit()).toEqual({ code, signal: null });
    }
    expect(readFileSync(join(folder, "file.bin")).equals(content)).toBe(true);
    const resumptions = (): HttpExchange[] => exchanges.filter(({ request }) => request?.headers.has("Range"));
    await until(() => resumptions().length > 1, "the ends of the requests for the rest");
    const [resumed, again] = resumptions();
    const first = Number(/^bytes=([1-9]\d*)-$/.exec(resumed?.request?.headers.get("Range") ?? "")?.[1]);
    expect([resumed?.status, resumed?.bodyBytes]).toEqual([206, length - first]);
    expect([again?.request?.headers.get("Range"), again?.status]).toEqual([`bytes=${length}-`, 416]);
  },
);
