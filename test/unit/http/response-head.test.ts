// Encoding of responses: RFC 9112, sections 4, 6 and 7.
import { STATUS_CODES } from "node:http";
import { describe, expect, test } from "vitest";
import { CHUNK_END, chunkHead, encodeChunk, encodeLastChunk } from "../../../src/http/chunk-encoder.ts";
import { HttpError } from "../../../src/http/http-error.ts";
import { reasonPhrase } from "../../../src/http/reason-phrase.ts";
import { responseFraming } from "../../../src/http/response-framing.ts";
import { encodeResponseHead, responseHeadText } from "../../../src/http/response-head.ts";
import { decodeBody } from "../../support/http-decode.ts";

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof HttpError && error instanceof TypeError) return error.code;
    throw error;
  }
  return undefined;
}

describe("the head", () => {
  test("has a status line, the fields in order, and an empty line", () => {
    const fields = [
      ["Content-Type", "text/html"],
      ["Set-Cookie", "a=b"],
      ["Set-Cookie", "c=d"],
      ["X", ""],
    ] as const;
    const text = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nX: \r\n\r\n";
    expect(responseHeadText({ status: 200, fields })).toBe(text);
    expect(encodeResponseHead({ status: 200, fields })).toEqual(Buffer.from(text));
  });

  test("has values in latin1", () => {
    const bytes = encodeResponseHead({ status: 200, fields: [["A", "\xe9\t\x80"]] });
    expect(bytes.toString("latin1")).toBe("HTTP/1.1 200 OK\r\nA: \xe9\t\x80\r\n\r\n");
  });

  test("can have another reason, and has none for an unknown status", () => {
    expect(responseHeadText({ status: 404, fields: [], reason: "Gone fishing" })).toBe(
      "HTTP/1.1 404 Gone fishing\r\n\r\n",
    );
    expect(responseHeadText({ status: 599, fields: [] })).toBe("HTTP/1.1 599 \r\n\r\n");
  });

  test("has the reason phrases of IANA", () => {
    const others = { 413: "Content Too Large", 422: "Unprocessable Content", 418: "", 509: "", 510: "" };
    for (const [status, phrase] of Object.entries({ ...STATUS_CODES, ...others })) {
      expect([status, reasonPhrase(Number(status))]).toEqual([status, phrase]);
    }
  });

  test.for(["", "a b", "a:", "a\r\nb", "a\n", "é", "a\0", "(", '"', "\u0141"])(
    "cannot have the field name %j",
    (name) => {
      expect(codeOf(() => responseHeadText({ status: 200, fields: [[name, "x"]] }))).toBe(
        "ERR_SOCKWRIGHT_HTTP_FIELD_NAME",
      );
    },
  );

  test.for(["\r\n", "a\r\nB: c", "a\nb", "a\rb", "a\0", "\x7f", "\x1b", "\u0141", "\u010d\u010a", "\ud800"])(
    "cannot have the field value or reason %j",
    (value) => {
      expect(codeOf(() => responseHeadText({ status: 200, fields: [["a", value]] }))).toBe(
        "ERR_SOCKWRIGHT_HTTP_FIELD_VALUE",
      );
      expect(codeOf(() => responseHeadText({ status: 200, fields: [], reason: value }))).toBe(
        "ERR_SOCKWRIGHT_HTTP_REASON",
      );
    },
  );

  test("is rejected with an error that has the name of the field but not its value", () => {
    expect(() => responseHeadText({ status: 200, fields: [["Set-Cookie", "secret\n"]] })).toThrow(
      /^(?!.*secret).*"Set-Cookie"$/s,
    );
  });

  test("cannot be made of values that are not strings", () => {
    const sly = { toString: () => "a\r\nb" } as unknown as string;
    expect(codeOf(() => responseHeadText({ status: 200, fields: [[sly, "a"]] }))).toBe(
      "ERR_SOCKWRIGHT_HTTP_FIELD_NAME",
    );
    expect(codeOf(() => responseHeadText({ status: 200, fields: [["a", sly]] }))).toBe(
      "ERR_SOCKWRIGHT_HTTP_FIELD_VALUE",
    );
    expect(codeOf(() => responseHeadText({ status: 200, fields: [], reason: sly }))).toBe("ERR_SOCKWRIGHT_HTTP_REASON");
    expect(codeOf(() => responseHeadText({ status: sly as unknown as number, fields: [] }))).toBe(
      "ERR_SOCKWRIGHT_HTTP_STATUS",
    );
  });

  test.for([99, 600, 200.5, Number.NaN, -200, Number.POSITIVE_INFINITY])("cannot have the status %d", (status) => {
    expect(codeOf(() => responseHeadText({ status, fields: [] }))).toBe("ERR_SOCKWRIGHT_HTTP_STATUS");
  });
});

describe("the framing", () => {
  const get = { method: "GET", version: "1.1" } as const;
  const length = (count: number) => ["Content-Length", String(count)];
  const chunked = ["Transfer-Encoding", "chunked"];

  test.for<
    [string, { method: string; version: "1.0" | "1.1" }, number, number | undefined, string, string[] | undefined]
  >([
    ["9112 6.2 a length", get, 200, 5, "length", length(5)],
    ["9112 6.2 none", get, 200, 0, "length", length(0)],
    ["9112 6.1 chunks", get, 200, undefined, "chunked", chunked],
    ["9112 6.1 no chunks for 1.0", { ...get, version: "1.0" }, 200, undefined, "close", undefined],
    ["9112 6.2 a length for 1.0", { ...get, version: "1.0" }, 200, 5, "length", length(5)],
    ["9110 9.3.2 HEAD", { ...get, method: "HEAD" }, 200, 5, "none", length(5)],
    ["9110 9.3.2 HEAD of a body without a length", { ...get, method: "HEAD" }, 200, undefined, "none", undefined],
    ["9110 15.2 1xx", get, 100, undefined, "none", undefined],
    ["9110 8.6 1xx has no length", get, 103, 5, "none", undefined],
    ["9110 15.2.2 101", get, 101, undefined, "none", undefined],
    ["9110 15.3.5 204", get, 204, 5, "none", undefined],
    ["9110 15.3.6 205", get, 205, 5, "none", length(0)],
    ["9110 15.4.5 304", get, 304, undefined, "none", undefined],
    ["9110 8.6 304 with the length of 200", get, 304, 5, "none", length(5)],
    ["9110 9.3.6 2xx to CONNECT", { ...get, method: "CONNECT" }, 200, 5, "none", undefined],
    ["9110 9.3.6 other statuses to CONNECT", { ...get, method: "CONNECT" }, 405, 5, "length", length(5)],
    ["9110 15.5.1 to a refused request", { ...get, method: "" }, 400, 5, "length", length(5)],
  ])("RFC %s", ([, request, status, size, body, field]) => {
    expect(responseFraming(request, status, size)).toEqual({ body, field });
  });
});

describe("chunks", () => {
  test("decode to the data that was encoded", () => {
    for (const size of [1, 9, 10, 15, 16, 255, 256, 65_536]) {
      const data = Buffer.alloc(size, "x");
      const parts = Buffer.concat([Buffer.from(chunkHead(size)), data, Buffer.from(CHUNK_END)]);
      expect(encodeChunk(data)).toEqual(parts);
      const text = Buffer.concat([parts, encodeChunk(data), encodeLastChunk()]).toString("latin1");
      expect(decodeBody(text)).toEqual({ data: "x".repeat(2 * size), trailers: [], refusal: undefined, rest: "" });
    }
  });

  test("an empty chunk encodes to nothing, since it would end the body", () => {
    expect(encodeChunk(new Uint8Array(0)).length).toBe(0);
  });

  test("trailers", () => {
    const last = encodeLastChunk([["Server-Timing", "a;dur=1"]]);
    expect(last.toString()).toBe("0\r\nServer-Timing: a;dur=1\r\n\r\n");
    expect(decodeBody(last.toString()).trailers).toEqual([["Server-Timing", "a;dur=1"]]);
  });

  test.for(["Content-Length", "transfer-encoding", "HOST", "Set-Cookie", "Content-Type", "Trailer"])(
    "%s cannot be a trailer",
    (name) => {
      expect(codeOf(() => encodeLastChunk([[name, "x"]]))).toBe("ERR_SOCKWRIGHT_HTTP_TRAILER");
    },
  );

  test("a trailer cannot contain a line break", () => {
    expect(codeOf(() => encodeLastChunk([["a", "b\r\nc"]]))).toBe("ERR_SOCKWRIGHT_HTTP_FIELD_VALUE");
  });
});
