// Files that are created, changed and deleted while they are served and while they are sent.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { PreparedResponse } from "../../../src/http.ts";
import type { Connection } from "../../../src/server.ts";
import { openSite } from "../../../src/services/web/open-site.ts";
import { WEB_OPTIONS } from "../../../src/services/web/web-options.ts";
import { manualClock } from "../../../src/testing.ts";
import { turn } from "../../support/until.ts";
import { allOf, answerOf, changedText, folderWith, type ServedSite, served } from "./site.ts";

describe("a change becomes visible", () => {
  test("a file is created, rewritten, replaced and deleted", async () => {
    const site = await served({});
    const path = join(site.folder, "a");
    expect(await site.text("/a")).toMatch(/^404/);
    writeFileSync(path, "one");
    expect(await site.text("/a")).toBe("200 one");
    writeFileSync(path, "two");
    expect(await changedText(site, "/a", "200 one")).toBe("200 two");
    writeFileSync(`${path}.new`, "six");
    renameSync(`${path}.new`, path);
    expect(await changedText(site, "/a", "200 two")).toBe("200 six");
    rmSync(path);
    expect(await changedText(site, "/a", "200 six")).toMatch(/^404/);
    mkdirSync(path);
    expect((await site.ask("/a")).status).toBe(301);
  });

  test("a file is rewritten with the same size and the same modification time", async () => {
    const site = await served({ a: "one" });
    const path = join(site.folder, "a");
    const time = new Date("2020-01-01");
    utimesSync(path, time, time);
    expect(await changedText(site, "/a", "")).toBe("200 one");
    writeFileSync(path, "two");
    utimesSync(path, time, time);
    expect(await changedText(site, "/a", "200 one")).toBe("200 two");
  });

  test("a precompressed file is created, becomes older than its original, and is deleted", async () => {
    const site = await served({ a: "plain text" });
    const path = join(site.folder, "a");
    const coded = async () => (await site.ask("/a", { "Accept-Encoding": "gzip" })).fields.get("content-encoding");
    const untilCoding = async (wanted: string | undefined) => {
      while ((await coded()) !== wanted);
    };
    expect(await coded()).toBe(undefined);
    writeFileSync(`${path}.gz`, "gz");
    await untilCoding("gzip");
    utimesSync(`${path}.gz`, new Date(0), new Date(0));
    await untilCoding(undefined);
    utimesSync(`${path}.gz`, new Date(), new Date());
    await untilCoding("gzip");
    rmSync(`${path}.gz`);
    await untilCoding(undefined);
  });

  test.for([
    ["appended to", (path: string) => appendFileSync(path, "more")],
    ["truncated", (path: string) => truncateSync(path, 50_000)],
    ["written", (path: string) => writeFileSync(path, Buffer.alloc(60_000, "1"))],
    ["given another time", (path: string) => utimesSync(path, new Date("2020-01-01"), new Date("2020-01-01"))],
  ] as const)("a file that is kept open is %s in place, at once", async ([, change]) => {
    const path = join(folderWith({ a: Buffer.alloc(60_000, "0") }), "a");
    // The clock stands still: a cache entry does not expire.
    const site = await openSite(dirname(path), WEB_OPTIONS.check("web()", {}), manualClock());
    onTestFinished(() => site.close());
    const tagNow = async () => {
      const answer = await site.answer({
        method: "HEAD",
        path: "/a",
        rawQuery: undefined,
        headers: Fields.none,
        address: "",
      });
      if (!(answer instanceof PreparedResponse)) throw new Error("no file");
      return [answer.bodyBytes, answer.lines(0).find(([name]) => name === "ETag")?.[1]];
    };
    const before = await tagNow();
    await turn();
    expect(await tagNow()).toEqual(before);
    change(path);
    await turn();
    const content = readFileSync(path);
    const isTagOfTime = content.equals(Buffer.alloc(60_000, "0"));
    expect(await tagNow()).toEqual([
      content.length,
      isTagOfTime ? before[1] : expect.not.stringMatching(String(before[1])),
    ]);
  });

  test("the folder itself is replaced by a link", async () => {
    const site = await served({ a: "old" });
    const next = folderWith({ a: "new" });
    const link = `${site.folder}-link`;
    rmSync(join(site.folder, "a"));
    expect(await changedText(site, "/a", "200 old")).toMatch(/^404/);
    rmSync(site.folder, { recursive: true });
    symlinkSync(next, link);
    renameSync(link, site.folder);
    expect(await changedText(site, "/a", "404 404 Not Found\n")).toBe("200 new");
  });
});

describe("a file that is being sent", () => {
  const BYTES = 64 * 1024 * 1024;

  /** A client whose answer has begun; the rest waits until the client reads. */
  async function begun(site: ServedSite): Promise<Connection> {
    const client = await site.connected();
    client.write("GET /large HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n");
    const first = String(await client.readExactly("HTTP/1.1 200".length));
    expect(first).toBe("HTTP/1.1 200");
    return client;
  }

  async function rest(client: Connection): Promise<Buffer> {
    return answerOf(Buffer.concat([Buffer.from("HTTP/1.1 200"), await allOf(client)])).body;
  }

  test.for([
    ["deleted", (path: string) => rmSync(path)],
    [
      "replaced",
      (path: string) => {
        writeFileSync(`${path}.new`, "new");
        renameSync(`${path}.new`, path);
      },
    ],
  ] as const)("and is %s arrives complete and unchanged", async ([, change]) => {
    const content = Buffer.alloc(BYTES, "0123456789abcdef");
    const site = await served({ large: content });
    const client = await begun(site);
    change(join(site.folder, "large"));
    expect((await rest(client)).equals(content)).toBe(true);
  });

  test.for([
    ["truncated", (path: string) => truncateSync(path, 1)],
    ["appended to", (path: string) => appendFileSync(path, "more")],
    ["written in place", (path: string) => writeFileSync(path, Buffer.alloc(BYTES, "f"))],
    [
      "written in place with its time put back",
      (path: string) => {
        writeFileSync(path, Buffer.alloc(BYTES, "f"));
        utimesSync(path, new Date("2020-01-01"), new Date("2020-01-01"));
      },
    ],
  ] as const)("and is %s ends with a reset", async ([, change]) => {
    const site = await served({ large: Buffer.alloc(BYTES, "0") });
    utimesSync(join(site.folder, "large"), new Date("2020-01-01"), new Date("2020-01-01"));
    const client = await begun(site);
    change(join(site.folder, "large"));
    await expect(rest(client)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("is sent to its end to a client that has shut down its side, also after close() of the server", async () => {
    const content = Buffer.alloc(BYTES, "0123456789abcdef");
    const site = await served({ large: content });
    const client = await begun(site);
    void client.end();
    const closed = site.server.close({ graceMs: 2_000_000_000 });
    expect((await rest(client)).equals(content)).toBe(true);
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("resets an answer of several ranges when it changes", async () => {
    const site = await served({ large: Buffer.alloc(BYTES, "0") });
    const client = await site.connected();
    client.write("GET /large HTTP/1.1\r\nHost: site\r\nConnection: close\r\nRange: bytes=0-1,1000-\r\n\r\n");
    await client.readExactly("HTTP/1.1 206".length);
    appendFileSync(join(site.folder, "large"), "more");
    await expect(allOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

test("every descriptor is closed after requests, lost clients and ranges", async () => {
  const site = await served({ large: Buffer.alloc(8 * 1024 * 1024) }, { cacheDescriptors: 0 });
  for (let count = 0; count < 8; count++) {
    const client = await site.connected();
    client.write(
      "GET /large HTTP/1.1\r\nHost: site\r\n\r\nGET /large HTTP/1.1\r\nHost: site\r\nRange: bytes=0-1,99-\r\n\r\n",
    );
    await client.readExactly(12);
    client.abort();
  }
  await site.server.close({ graceMs: 0 });
  // The check after each test looks for open descriptors.
  expect([...site.server.connections()]).toEqual([]);
});
