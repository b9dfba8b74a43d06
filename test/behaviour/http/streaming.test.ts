// Bodies of answers that are made piece by piece, or read from a file.
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SLICE_BYTES } from "../../../src/http/service/answer-target.ts";
import { FILE_PIECE_BYTES } from "../../../src/http/service/file-sending.ts";
import { FileBody, type FileBodyOptions, PreparedResponse } from "../../../src/http.ts";
import { connected } from "../../support/connected.ts";
import { askHttp, getRequest, holder, httpAnswerOf, httpServing, restOf } from "../../support/http-talk.ts";
import { turn, until } from "../../support/until.ts";

async function* pieces(...given: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of given) {
    await turn();
    yield piece;
  }
}

function thrower(message: string): never {
  throw new Error(message);
}

describe("an iterable", () => {
  test("is sent in chunks, and an empty piece is skipped", async () => {
    const { server, exchanges } = await httpServing(() => ({ body: pieces("a", "", Buffer.from("bc")) }));
    const { body, headers } = await askHttp(server, getRequest());
    expect([body, headers["transfer-encoding"], headers["content-length"]]).toEqual(["abc", "chunked", undefined]);
    expect(exchanges[0]).toMatchObject({ bodyBytes: 3 });
  });

  test("with a given Content-Length is sent without chunks", async () => {
    const { server } = await httpServing(() => ({ body: pieces("a", "bc"), headers: { "Content-Length": "3" } }));
    const { body, headers } = await askHttp(server, getRequest());
    expect([body, headers["transfer-encoding"], headers["content-length"]]).toEqual(["abc", undefined, "3"]);
  });

  test("for HTTP/1.0 ends with the connection", async () => {
    const { server } = await httpServing(() => ({ body: pieces("a", "bc"), trailers: { "X-T": "1" } }));
    const { body, headers } = await askHttp(server, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect([body, headers["transfer-encoding"], headers["connection"]]).toEqual(["abc", undefined, "close"]);
  });

  test("may be followed by trailers, also by trailers known only at its end", async () => {
    let length = 0;
    async function* counted(): AsyncGenerator<string> {
      yield "abc";
      length = 3;
    }
    const { server } = await httpServing((request) => ({
      body: counted(),
      trailers: request.path === "/static" ? { "X-T": "1" } : () => ({ "X-T": String(length) }),
    }));
    expect(await askHttp(server, getRequest("/static"))).toMatchObject({ body: "abc", trailers: "X-T: 1\r\n" });
    expect(await askHttp(server, getRequest())).toMatchObject({ body: "abc", trailers: "X-T: 3\r\n" });
  });

  test("text and bytes with trailers are sent in chunks too", async () => {
    const { server } = await httpServing((request) => ({
      body: request.path === "/" ? "" : "abc",
      trailers: { "X-T": "1" },
    }));
    expect(await askHttp(server, getRequest("/a"))).toMatchObject({ body: "abc", trailers: "X-T: 1\r\n" });
    expect(await askHttp(server, getRequest())).toMatchObject({ body: "", trailers: "X-T: 1\r\n" });
  });

  test.for([SLICE_BYTES, SLICE_BYTES + 1, 20 * 1024 * 1024])("may have a piece of %d bytes", async (length) => {
    const { server } = await httpServing(() => ({ body: pieces(Buffer.alloc(length, "x")) }));
    expect((await askHttp(server, getRequest())).body).toHaveLength(length);
  });

  test("may be the request's body, which is read while it is sent", async () => {
    const { server } = await httpServing((request) => ({ body: request.body }));
    const client = await connected(server);
    client.write(`${getRequest("/", ["Content-Length: 4"], "POST")}ab`);
    expect(String(await client.readUntil("ab"))).toContain("chunked");
    client.write("cd");
    expect(String(await client.readUntil("0\r\n\r\n"))).toBe("\r\n2\r\ncd\r\n0\r\n\r\n");
    client.write(getRequest());
    expect((await httpAnswerOf(client)).status).toBe(200);
  });

  test("produces no faster than the client reads", async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        made++;
        yield Buffer.alloc(64 * 1024);
      }
    }
    const { server } = await httpServing(() => ({ body: endless() }));
    const client = await connected(server);
    client.write(getRequest());
    await turn(200);
    expect(made).toBeLessThan(8);
    client.abort();
  });

  test.for([
    [
      "fails",
      async function* fails(): AsyncGenerator<string> {
        yield "abc";
        throw new Error("no more");
      },
      {},
      "no more",
    ],
    ["has too much", () => pieces("ab", "cd"), { "Content-Length": "3" }, "ERR_SOCKWRIGHT_HTTP_LENGTH"],
    ["has too little", () => pieces("ab"), { "Content-Length": "3" }, "ERR_SOCKWRIGHT_HTTP_LENGTH"],
    ["gives a number", () => pieces("ab", 5 as never), {}, "ERR_SOCKWRIGHT_HTTP_BODY"],
  ] as [string, () => AsyncIterable<string>, Record<string, string>, string][])(
    "that %s resets the connection, and is reported once",
    async ([, make, headers, failure]) => {
      const { server, errors, exchanges } = await httpServing(() => ({ body: make(), headers }));
      const client = await connected(server);
      client.write(getRequest());
      await expect(restOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
      await until(() => errors.length > 0 && exchanges.length > 0, "the report");
      expect(errors).toHaveLength(1);
      expect([(errors[0] as NodeJS.ErrnoException).code, String(errors[0])].join()).toContain(failure);
      expect(exchanges[0]).toMatchObject({ status: 200, error: errors[0] });
    },
  );

  test("with trailers that cannot be sent resets the connection", async () => {
    const { server, errors } = await httpServing(() => ({ body: pieces("a"), trailers: () => ({ Host: "x" }) }));
    const client = await connected(server);
    client.write(getRequest());
    await expect(restOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_SOCKWRIGHT_HTTP_TRAILER" })]);
  });

  test("whose trailers are a promise resets the connection, and its rejection does not end the process", async () => {
    const later = (): never => Promise.reject(new Error("later")) as never;
    const { server, errors } = await httpServing(() => ({ body: pieces("a"), trailers: later }));
    const client = await connected(server);
    client.write(getRequest());
    await expect(restOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" })]);
  });

  test("is ended when the client is lost", async () => {
    const stopped = holder();
    let isStopped = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) {
          await turn();
          yield "x";
        }
      } finally {
        isStopped = true;
        stopped.open();
      }
    }
    const { server } = await httpServing(() => ({ body: endless() }));
    const client = await connected(server);
    client.write(getRequest());
    await client.read();
    client.abort();
    await stopped.opened;
    expect(isStopped).toBe(true);
  });

  test.for([
    ["throws", () => thrower("not ended")],
    ["rejects", () => Promise.reject(new Error("not ended"))],
  ] as const)(
    "whose return() %s after the client is lost is reported, and the server still serves",
    async ([, end]) => {
      const { server, errors, exchanges } = await httpServing(({ path }) => {
        if (path === "/other") return { body: "other" };
        return {
          body: { [Symbol.asyncIterator]: () => ({ next: () => turn().then(() => ({ value: "x" })), return: end }) },
        };
      });
      const client = await connected(server);
      client.write(getRequest());
      await client.read();
      client.abort();
      await until(() => exchanges.length > 0, "the end of the answer");
      expect(errors).toContainEqual(expect.objectContaining({ message: "not ended" }));
      expect((await askHttp(server, getRequest("/other"))).body).toBe("other");
      expect(server.connections().length).toBeLessThanOrEqual(1);
    },
  );

  test.for([
    ["HEAD", getRequest("/", [], "HEAD"), 200],
    ["a status that has no body", getRequest(), 204],
    ["a field that cannot be sent", getRequest("/bad"), 200],
  ] as const)("that is not sent is ended by return(): %s", async ([, request, status]) => {
    let returned = 0;
    const body = (): AsyncIterable<string> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("asked")),
        return: async () => {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    });
    const { server } = await httpServing((incoming) => ({
      status,
      body: body(),
      headers: incoming.path === "/bad" ? { "a b": "c" } : {},
    }));
    await askHttp(server, request, incomingMethod(request));
    expect(returned).toBe(1);
  });

  test("a web stream that is not sent is cancelled", async () => {
    let cancelled = 0;
    const { server, errors } = await httpServing(
      () => new Response(new ReadableStream({ cancel: () => void cancelled++ })),
    );
    await askHttp(server, getRequest("/", [], "HEAD"), "HEAD");
    expect([cancelled, errors]).toEqual([1, []]);
  });
});

function incomingMethod(request: string): string {
  return request.split(" ", 1).join();
}

describe("a file", () => {
  async function file(content: Uint8Array | string) {
    const folder = await mkdtemp(join(tmpdir(), "sockwright-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const name = join(folder, "file");
    await writeFile(name, content);
    const handle = await open(name);
    onTestFinished(() => handle.close());
    const released: string[] = [];
    const body = (options: FileBodyOptions): FileBody =>
      new FileBody(handle, { release: () => released.push("released"), ...options });
    return { name, handle, released, body };
  }

  test.for([0, 10, 600 * 1024])(
    "of %d bytes is the body of a prepared response, opened for each answer",
    async (length) => {
      const { body, released } = await file(Buffer.alloc(length, "0123456789"));
      const open = (): FileBody => body({ length, isUnchanged: () => true });
      const prepared = new PreparedResponse({ headers: { "X-A": "1" }, body: { length, open } });
      const { server, exchanges } = await httpServing(() => prepared);
      for (const [request, bytes] of [
        [getRequest("/", ["Connection: close"]), length],
        [getRequest("/", [], "HEAD"), 0],
        ["GET / HTTP/1.0\r\n\r\n", length],
      ] as const) {
        const answer = await askHttp(server, request, request.startsWith("HEAD") ? "HEAD" : "GET");
        expect([answer.body.length, answer.headers["content-length"], answer.headers["x-a"]]).toEqual([
          bytes,
          `${length}`,
          "1",
        ]);
      }
      expect(exchanges.map(({ bodyBytes }) => bodyBytes)).toEqual([length, 0, length]);
      expect(released).toEqual(["released", "released"]);
    },
  );

  test.for([
    ["all of it", { length: 10 }, "0123456789"],
    ["a part", { offset: 3, length: 4 }, "3456"],
    ["nothing", { length: 0 }, ""],
  ] as const)("%s is sent with its length, and released once", async ([, part, expected]) => {
    const { body, released } = await file("0123456789");
    const { server, exchanges } = await httpServing(() => ({ body: body(part) }));
    const answer = await askHttp(server, getRequest());
    expect([answer.body, answer.headers["content-length"]]).toEqual([expected, String(expected.length)]);
    expect(released).toEqual(["released"]);
    expect(exchanges[0]).toMatchObject({ status: 200, bodyBytes: expected.length });
  });

  test("in pipelined answers is sent in order", async () => {
    const { body } = await file("0123456789");
    const { server } = await httpServing(({ path }) =>
      path === "/x" ? { body: "x" } : { body: body({ offset: Number(path.slice(1)), length: 1 }) },
    );
    const client = await connected(server);
    client.write(["/1", "/x", "/2", "/3", "/x"].map((each) => getRequest(each)).join(""));
    for (const each of ["1", "x", "2", "3", "x"]) expect((await httpAnswerOf(client)).body).toBe(each);
  });

  test("is not sent for HEAD, and is released", async () => {
    const { body, released } = await file("0123456789");
    const { server } = await httpServing(() => ({ body: body({ length: 10 }) }));
    expect((await askHttp(server, getRequest("/", [], "HEAD"), "HEAD")).headers["content-length"]).toBe("10");
    expect(released).toEqual(["released"]);
  });

  test("is checked with isUnchanged after each of its pieces", async () => {
    const content = Buffer.alloc(2 * FILE_PIECE_BYTES + 1, "abc");
    const { body } = await file(content);
    let asked = 0;
    const isUnchanged = () => ++asked > 0;
    const { server } = await httpServing(() => ({ body: body({ length: content.length, isUnchanged }) }));
    expect((await askHttp(server, getRequest())).body === content.toString("latin1")).toBe(true);
    expect(asked).toBe(3);
  });

  test.for([
    ["was changed", (): boolean => false, { code: "ERR_SOCKWRIGHT_HTTP_FILE_CHANGED" }],
    ["cannot be looked at", (): boolean => thrower("EIO"), { message: "EIO" }],
  ] as const)(
    "of one piece that %s while the server waited for the client resets the connection",
    async ([, isUnchanged, error]) => {
      const { body, released } = await file("0123456789");
      const { server, errors } = await httpServing(() => ({
        body: body({ length: 10, isUnchanged }),
      }));
      const client = await connected(server);
      client.write(getRequest());
      await expect(restOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
      await until(() => released.length > 0, "the release");
      expect([released, errors]).toEqual([["released"], [expect.objectContaining(error)]]);
    },
  );

  test.for([
    ["was changed", { isUnchanged: () => false }, "ERR_SOCKWRIGHT_HTTP_FILE_CHANGED"],
    ["became shorter", { isUnchanged: undefined }, "ERR_SOCKWRIGHT_FILE_SHRANK"],
  ] as const)("that %s while it was sent resets the connection", async ([, options, code]) => {
    const length = 2 * FILE_PIECE_BYTES;
    const { body, released, name } = await file(Buffer.alloc(length));
    if (options.isUnchanged === undefined) await truncate(name, FILE_PIECE_BYTES);
    const { server, errors } = await httpServing(() => ({ body: body({ length, ...options }) }));
    const client = await connected(server);
    client.write(getRequest());
    await expect(restOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(() => released.length > 0, "the release");
    expect([released, errors]).toEqual([["released"], [expect.objectContaining({ code })]]);
  });

  test("that is closed is 500, and is released", async () => {
    const { body, released, handle } = await file("0123456789");
    await handle.close();
    const { server, errors } = await httpServing(() => ({ body: body({ length: 10 }) }));
    expect((await askHttp(server, getRequest())).status).toBe(500);
    expect([released, errors]).toEqual([["released"], [expect.objectContaining({ code: "EBADF" })]]);
  });

  test("is released when the client is lost, before and after its answer began", async () => {
    const { body, released } = await file(Buffer.alloc(4 * 1024 * 1024));
    const go = holder();
    const { server } = await httpServing(async (request) => {
      if (request.path === "/late") await go.opened;
      return { body: body({ length: 4 * 1024 * 1024 }) };
    });
    const early = await connected(server);
    const late = await connected(server);
    early.write(getRequest());
    late.write(getRequest("/late"));
    await early.read();
    await until(() => server.connections().filter(({ bytesRead }) => bytesRead > 0).length === 2, "both");
    early.abort();
    late.abort();
    await until(() => server.connections().length === 0, "the losses");
    go.open();
    await until(() => released.length === 2, "both releases");
    await turn(5);
    expect(released).toHaveLength(2);
  });

  test("whose release throws is reported, and the next request is answered", async () => {
    const { body } = await file("0123456789");
    const release = (): void => {
      throw new Error("cannot let go");
    };
    const { server, errors } = await httpServing(() => ({ body: body({ length: 1, release }) }));
    const client = await connected(server);
    client.write(getRequest() + getRequest());
    expect((await httpAnswerOf(client)).body).toBe("0");
    expect((await httpAnswerOf(client)).body).toBe("0");
    expect(errors.map(String)).toEqual(["Error: cannot let go", "Error: cannot let go"]);
  });
});
