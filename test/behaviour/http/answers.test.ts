// What a handler returns, and what the client receives.
import { expect, test } from "vitest";
import { DateText } from "../../../src/http/http-date.ts";
import { JOINED_BYTES } from "../../../src/http/service/answer.ts";
import { type HttpAnswer, type HttpHeaders, PreparedResponse, RequestError } from "../../../src/http.ts";
import { connected } from "../../support/connected.ts";
import { askHttp, getRequest, holder, httpAnswerOf, httpServing, restOf } from "../../support/http-talk.ts";
import { unhandled } from "../../support/unhandled.ts";

const IMF_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;

async function answered(answer: HttpAnswer, request = getRequest(), method = "GET") {
  const { server, errors, exchanges } = await httpServing(() => answer);
  return { ...(await askHttp(server, request, method)), errors, exchanges };
}

test("an empty object is 200 with an empty body and a date", async () => {
  const { status, headers, body } = await answered({});
  expect([status, body]).toEqual([200, ""]);
  expect(headers).toEqual({ date: expect.stringMatching(IMF_DATE), "content-length": "0" });
});

test.for([
  ["an object", { "X-A": "1", "Set-Cookie": ["a=1", "b=2"], Gone: undefined }],
  ["pairs", [["X-A", "1"] as const, ["Set-Cookie", "a=1"] as const, ["Set-Cookie", "b=2"] as const]],
  [
    "a Map",
    new Map([
      ["X-A", "1"],
      ["Set-Cookie", "a=1"],
    ] as const),
  ],
  [
    "Headers",
    new Headers([
      ["X-A", "1"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ]),
  ],
] as [string, HttpHeaders][])("headers can be %s", async ([, headers]) => {
  const answer = await answered({ headers });
  expect(answer.headers["x-a"]).toBe("1");
  expect(answer.headers["set-cookie"]).toMatch(/^a=1(?:\nb=2)?$/);
  expect(answer.headers).not.toHaveProperty("gone");
});

test.for([
  ["text", "grüß", Buffer.from("grüß").toString("latin1")],
  ["bytes", Uint8Array.of(1, 2, 255), "\x01\x02\xff"],
  ["nothing", null, ""],
] as const)("a body can be %s", async ([, body, sent]) => {
  const answer = await answered({ body });
  expect(answer.body).toBe(sent);
  expect(answer.headers["content-length"]).toBe(String(sent.length));
});

test.for([JOINED_BYTES, JOINED_BYTES + 1, 300 * 1024, 20 * 1024 * 1024])(
  "a body of %d bytes arrives whole",
  async (length) => {
    const body = Buffer.alloc(length, "abcdefghij");
    const { body: sent, exchanges } = await answered({ body });
    expect(sent === body.toString("latin1")).toBe(true);
    expect(exchanges[0]).toMatchObject({ status: 200, bodyBytes: length });
  },
);

test("a given Date and a given reason phrase are sent unchanged", async () => {
  const { server } = await httpServing(() => ({ reason: "Fine", headers: { Date: "never" } }));
  const client = await connected(server);
  client.write(getRequest("/", ["Connection: close"]));
  expect(await restOf(client)).toBe(
    "HTTP/1.1 200 Fine\r\nDate: never\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  );
});

test.for([204, 304])("%d has no body and no Content-Length", async (status) => {
  const { headers } = await answered({ status });
  expect(Object.keys(headers)).toEqual(["date"]);
});

test("304 keeps a given Content-Length", async () => {
  const { headers } = await answered({ status: 304, headers: { "Content-Length": "7" } });
  expect(headers["content-length"]).toBe("7");
});

test.for([
  ["text", "hello", "5"],
  ["none, with a length", null, "7"],
  ["none", null, undefined],
] as const)("HEAD: only the head of an answer is sent, with a body of %s", async ([, body, length]) => {
  const headers = length === "7" ? { "Content-Length": "7" } : {};
  const { server } = await httpServing(() => ({ body, headers }));
  const client = await connected(server);
  client.write(getRequest("/", [], "HEAD") + getRequest("/", ["Connection: close"], "HEAD"));
  const text = await restOf(client);
  const heads = text.split("\r\n\r\n");
  expect(heads).toHaveLength(3);
  expect(heads[2]).toBe("");
  for (const head of heads.slice(0, 2)) {
    if (length === undefined) expect(head).not.toContain("Content-Length");
    else expect(head).toContain(`Content-Length: ${length}`);
  }
});

test.for([
  ["no answer", undefined as never, "ERR_SOCKWRIGHT_HTTP_ANSWER"],
  ["text", "hello" as never, "ERR_SOCKWRIGHT_HTTP_ANSWER"],
  ["a status of no response", { status: 99 }, "ERR_SOCKWRIGHT_HTTP_STATUS"],
  ["an interim status", { status: 103 }, "ERR_SOCKWRIGHT_HTTP_STATUS"],
  ["a status that is no number", { status: "200" as never }, "ERR_SOCKWRIGHT_HTTP_STATUS"],
  ["a name of a field that is none", { headers: { "a b": "1" } }, "ERR_SOCKWRIGHT_HTTP_FIELD_NAME"],
  ["a value of two lines", { headers: { a: "1\r\nb: 2" } }, "ERR_SOCKWRIGHT_HTTP_FIELD_VALUE"],
  ["a value that is no text", { headers: { a: 1 as never } }, "ERR_SOCKWRIGHT_HTTP_FIELD_VALUE"],
  ["a reason of two lines", { reason: "a\nb" }, "ERR_SOCKWRIGHT_HTTP_REASON"],
  ["Transfer-Encoding", { headers: { "Transfer-Encoding": "chunked" } }, "ERR_SOCKWRIGHT_HTTP_FRAMING"],
  [
    "a length that is not that of the body",
    { headers: { "Content-Length": "4" }, body: "abc" },
    "ERR_SOCKWRIGHT_HTTP_LENGTH",
  ],
  ["a length that is none", { headers: { "Content-Length": "3,3" }, body: "abc" }, "ERR_SOCKWRIGHT_HTTP_LENGTH"],
  ["two lengths", { headers: { "Content-Length": ["3", "3"] }, body: "abc" }, "ERR_SOCKWRIGHT_HTTP_LENGTH"],
  ["a body with 204", { status: 204, body: "abc" }, "ERR_SOCKWRIGHT_HTTP_BODY"],
  ["a body that is a number", { body: 5 as never }, "ERR_SOCKWRIGHT_HTTP_BODY"],
  ["a trailer that is none", { body: "a", trailers: { "Content-Length": "1" } }, "ERR_SOCKWRIGHT_HTTP_TRAILER"],
  ["an upgrade that nobody asked for", { status: 101, upgrade: () => undefined }, "ERR_SOCKWRIGHT_HTTP_UPGRADE"],
] as [string, HttpAnswer, string][])("%s: 500, and it is reported", async ([, answer, code]) => {
  const { status, body, errors, exchanges } = await answered(answer);
  expect([status, body]).toEqual([500, "Internal Server Error\n"]);
  expect(errors).toEqual([expect.objectContaining({ code })]);
  expect(exchanges).toEqual([expect.objectContaining({ status: 500, error: errors[0] })]);
});

test.for(["at once", "later"])(
  "an error that a handler throws %s is 500 without its message, and is reported",
  async (when) => {
    const secret = new Error("secret");
    const { server, errors, exchanges } = await httpServing((request) => {
      if (request.path === "/fine") return { body: "fine" };
      if (when === "at once") throw secret;
      return Promise.reject(secret);
    });
    const client = await connected(server);
    client.write(getRequest() + getRequest("/fine"));
    const { status, headers, body } = await httpAnswerOf(client);
    expect([status, JSON.stringify(headers).includes("secret"), body]).toEqual([500, false, "Internal Server Error\n"]);
    expect((await httpAnswerOf(client)).body).toBe("fine");
    expect(errors).toEqual([secret]);
    expect(exchanges[0]).toMatchObject({ status: 500, error: secret });
  },
);

test("a handler may reject with any value, also undefined", async () => {
  const { server, errors } = await httpServing(() => Promise.reject(undefined));
  expect((await askHttp(server, getRequest())).status).toBe(500);
  expect(errors).toEqual([undefined]);
});

test("a RequestError gives its status, its message and its headers, and is not reported", async () => {
  const { server, errors } = await httpServing(() => {
    throw new RequestError(429, "slow down", { headers: { "Retry-After": "5" } });
  });
  const { status, body, headers } = await askHttp(server, getRequest());
  expect([status, body, headers["retry-after"]]).toEqual([429, "slow down\n", "5"]);
  expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(errors).toEqual([]);
});

test("a RequestError with headers that cannot be sent is 500, and is reported", async () => {
  const { server, errors } = await httpServing(() => {
    throw new RequestError(429, "slow down", { headers: { "a b": "5" } });
  });
  expect((await askHttp(server, getRequest())).status).toBe(500);
  expect(errors).toEqual([expect.objectContaining({ code: "ERR_SOCKWRIGHT_HTTP_FIELD_NAME" })]);
});

function revoked(): never {
  const { proxy, revoke } = Proxy.revocable<object>({}, {});
  revoke();
  return proxy as never;
}

test.for([
  ["a RequestError whose headers are none", () => new RequestError(429, "slow down", { headers: null as never })],
  ["what does not tell what it is", () => revoked()],
] as const)("throwing %s is 500, and is reported once", async ([, thrown]) => {
  const { server, errors } = await httpServing(({ path }) => {
    if (path === "/now") throw thrown();
    return Promise.reject(thrown());
  });
  const unheard = await unhandled(async () => {
    for (const path of ["/now", "/later"]) expect((await askHttp(server, getRequest(path))).status).toBe(500);
  });
  expect([unheard, errors.length]).toEqual([[], 2]);
});

test.for([
  [
    "whose body throws",
    () =>
      ({
        get body() {
          throw new Error("no body");
        },
      }) as never,
  ],
  ["that tells nothing", revoked],
] as const)("an answer %s is 500, and is reported", async ([, made]) => {
  const { server, errors } = await httpServing(() => made());
  const client = await connected(server);
  client.write(getRequest() + getRequest());
  expect([(await httpAnswerOf(client)).status, (await httpAnswerOf(client)).status]).toEqual([500, 500]);
  expect(errors.length).toBe(2);
});

test("an answer to a lost client whose body getter throws is reported without an unhandled rejection", async () => {
  const began = holder();
  const { opened, open } = holder();
  let lose = (): void => undefined;
  const { server, errors } = await httpServing(async (_, { connection }) => {
    lose = () => connection.abort();
    began.open();
    await opened;
    return {
      get body(): never {
        throw new Error("no body");
      },
    };
  });
  const client = await connected(server);
  client.write(getRequest());
  await began.opened;
  lose();
  const unheard = await unhandled(() => open());
  expect([unheard, errors.map(String)]).toEqual([[], expect.arrayContaining(["Error: no body"])]);
});

test("an onExchange that rejects is reported without an unhandled rejection, and the request is answered", async () => {
  const { server, errors } = await httpServing(() => ({}), {
    onExchange: (): unknown => Promise.reject(new Error("log is full")),
  });
  const unheard = await unhandled(async () => {
    expect((await askHttp(server, getRequest())).status).toBe(200);
  });
  expect([unheard, errors.map(String)]).toEqual([[], ["Error: log is full"]]);
});

test("a Response of the web platform gives status, reason phrase, headers and body", async () => {
  const headers = new Headers([
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
  const answer = await answered(new Response("web", { status: 201, statusText: "Made", headers }));
  expect([answer.status, answer.body, answer.headers["set-cookie"]]).toEqual([201, "web", "a=1\nb=2"]);
});

test("a Response without a body has no Transfer-Encoding", async () => {
  expect((await answered(new Response(null, { status: 204 }))).headers).not.toHaveProperty("transfer-encoding");
});

test("a Response.error(), or a Response whose body has been read, is 500", async () => {
  const read = new Response("web");
  await read.text();
  const { server } = await httpServing((request) => (request.path === "/read" ? read : Response.error()));
  expect((await askHttp(server, getRequest("/read"))).status).toBe(500);
  expect((await askHttp(server, getRequest("/error"))).status).toBe(500);
});

test("an onExchange that throws is reported, and further requests are answered", async () => {
  const { server, errors } = await httpServing(() => ({}), {
    onExchange: () => {
      throw new Error("log is full");
    },
  });
  const client = await connected(server);
  client.write(getRequest() + getRequest());
  expect((await httpAnswerOf(client)).status).toBe(200);
  expect((await httpAnswerOf(client)).status).toBe(200);
  expect(errors.map(String)).toEqual(["Error: log is full", "Error: log is full"]);
});

test("an exchange has the request, the status, the byte count, the time and the peer", async () => {
  const before = Date.now();
  const { exchanges } = await answered({ status: 202, body: "abc" }, getRequest("/path?x"));
  const [exchange] = exchanges;
  expect(exchange).toMatchObject({ status: 202, bodyBytes: 3, peer: { host: "127.0.0.1" } });
  expect(exchange?.request?.target).toBe("/path?x");
  expect(exchange).not.toHaveProperty("error");
  expect(exchange?.startedAtMs).toBeGreaterThanOrEqual(before);
  expect(exchange?.durationMs).toBeGreaterThanOrEqual(0);
});

test.for(["headers", "body"] as const)(
  "%s given as a promise is 500, and its rejection does not end the process",
  async (name) => {
    const { server, errors } = await httpServing(() => ({ [name]: Promise.reject(new Error("later")) }));
    expect((await askHttp(server, getRequest())).status).toBe(500);
    expect(errors).toHaveLength(1);
  },
);

test("a prepared response differs only in its Date, which changes once per second", async () => {
  const prepared = new PreparedResponse({ status: 203, headers: { "X-A": "1" }, body: "hello" });
  const dates = new DateText();
  const [first, later] = [prepared.encode(0, true), prepared.encode(5_000, true)];
  expect(String(first)).toBe(
    `HTTP/1.1 203 Non-Authoritative Information\r\nDate: ${dates.at(0)}\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello`,
  );
  // A connection may still hold the first buffer.
  expect(later.buffer === first.buffer && later.byteOffset === first.byteOffset).toBe(false);
  expect(String(later)).toBe(String(first).replace(dates.at(0), dates.at(5_000)));
  expect(prepared.encode(5_999, true)).toBe(later);
});

test.for([5, JOINED_BYTES + 1, 1024 * 1024])(
  "a prepared response of %d bytes: GET, HEAD, HTTP/1.0, close",
  async (length) => {
    const prepared = new PreparedResponse({ body: Buffer.alloc(length, "x") });
    const { server, exchanges } = await httpServing(() => prepared);
    const client = await connected(server);
    client.write(
      `${getRequest()}${getRequest("/", [], "HEAD")}GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${getRequest("/", ["Connection: close"])}`,
    );
    expect((await httpAnswerOf(client)).body).toHaveLength(length);
    const head = await httpAnswerOf(client, "HEAD");
    expect([head.headers["content-length"], head.headers["connection"]]).toEqual([String(length), undefined]);
    const old = await httpAnswerOf(client);
    expect([old.body.length, old.headers["connection"]]).toEqual([length, "keep-alive"]);
    const last = await httpAnswerOf(client);
    expect([last.body.length, last.headers["connection"]]).toEqual([length, "close"]);
    expect(await restOf(client)).toBe("");
    expect(exchanges.map(({ bodyBytes }) => bodyBytes)).toEqual([length, 0, length, length]);
  },
);

test("the constructor of a prepared response refuses one that cannot be sent", () => {
  const wrong: [ConstructorParameters<typeof PreparedResponse>[0], string][] = [
    [{ status: 103 }, "ERR_SOCKWRIGHT_HTTP_STATUS"],
    [{ status: 600 }, "ERR_SOCKWRIGHT_HTTP_STATUS"],
    [{ headers: { "a b": "" } }, "ERR_SOCKWRIGHT_HTTP_FIELD_NAME"],
    [{ headers: { "Content-Length": "1" }, body: "ab" }, "ERR_SOCKWRIGHT_HTTP_LENGTH"],
    [{ headers: { "Transfer-Encoding": "chunked" } }, "ERR_SOCKWRIGHT_HTTP_FRAMING"],
    [{ status: 304, body: "a" }, "ERR_SOCKWRIGHT_HTTP_BODY"],
    [{ body: 5 as never }, "ERR_INVALID_ARG_TYPE"],
    [{ body: { length: 1 } as never }, "ERR_INVALID_ARG_TYPE"],
    [{ body: { length: -1, open: () => undefined } as never }, "ERR_OUT_OF_RANGE"],
    [{ status: 304, body: { length: 1, open: () => undefined as never } }, "ERR_SOCKWRIGHT_HTTP_BODY"],
    [
      { headers: { "Content-Length": "1" }, body: { length: 2, open: () => undefined as never } },
      "ERR_SOCKWRIGHT_HTTP_LENGTH",
    ],
    [{ bodi: "a" } as never, "ERR_INVALID_ARG_VALUE"],
  ];
  for (const [init, code] of wrong) expect(() => new PreparedResponse(init)).toThrow(expect.objectContaining({ code }));
});

test("a prepared response keeps a given Date and Connection", async () => {
  const prepared = new PreparedResponse({ headers: { Date: "never", Connection: "close" }, body: "a" });
  const { server } = await httpServing(() => prepared);
  const client = await connected(server);
  client.write(getRequest() + getRequest());
  expect(await restOf(client)).toBe(
    "HTTP/1.1 200 OK\r\nDate: never\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
  );
});
