// A body that is passed to a function without a copy: request.onBody().
import { expect, test } from "vitest";
import type { HttpRequest } from "../../../src/http.ts";
import { connected } from "../../support/connected.ts";
import { askHttp, httpServing, restOf } from "../../support/http-talk.ts";
import { turn } from "../../support/until.ts";

function post(body: string, more = ""): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** What a handler gets, as text. */
async function collected(request: HttpRequest): Promise<string> {
  let text = "";
  await request.onBody((bytes) => {
    text += Buffer.from(bytes).toString("latin1");
  });
  return text;
}

const echoBody = async (request: HttpRequest): Promise<{ body: string }> => ({ body: await collected(request) });

test("the bytes come in order, at every cut, with a length or in chunks, and other requests follow", async () => {
  const { server } = await httpServing(echoBody);
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const request of [post("abcde"), chunked]) {
    for (let cut = 1; cut < request.length; cut++) {
      const client = await connected(server);
      client.write(request.slice(0, cut));
      await turn(2);
      client.write(request.slice(cut) + post("next", "Connection: close\r\n"));
      const text = await restOf(client);
      expect(text.match(/abcde|next/g)).toEqual(["abcde", "next"]);
      await client.close();
    }
  }
});

test("no body and an empty one end at once", async () => {
  const { server } = await httpServing(echoBody);
  expect(await askHttp(server, post(""))).toMatchObject({ status: 200, body: "" });
  expect(await askHttp(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toMatchObject({ status: 200, body: "" });
});

test("pause stops the bytes and resume goes on, within a call and later", async () => {
  const { server } = await httpServing(async (request) => {
    const sizes: number[] = [];
    await request.onBody((bytes, push) => {
      sizes.push(bytes.length);
      push.pause();
      if (sizes.length % 2 === 0) push.resume();
      else setImmediate(() => push.resume());
    });
    return { body: `${sizes.reduce((sum, size) => sum + size, 0)}` };
  });
  expect(await askHttp(server, post("x".repeat(1_000_000)))).toMatchObject({ status: 200, body: "1000000" });
});

test("a function that throws rejects the promise, and the rest is discarded", async () => {
  const { server } = await httpServing(async (request) => {
    await request
      .onBody(() => {
        throw new Error("no more");
      })
      .catch((error: unknown) => expect(error).toMatchObject({ message: "no more" }));
    return { body: "answer" };
  });
  const client = await connected(server);
  client.write(post("x".repeat(30_000)) + post("y", "Connection: close\r\n"));
  expect((await restOf(client)).match(/answer/g)).toHaveLength(2);
  await client.close();
});

test("a body that is cut off, malformed or too large rejects it", async () => {
  const { server } = await httpServing(echoBody, { maxBodyBytes: 10 });
  const client = await connected(server);
  client.write(post("abc").slice(0, -1));
  await client.end();
  expect(await restOf(client)).toContain("400 Bad Request");
  await client.close();
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect((await askHttp(server, `${chunked}zz\r\n`)).status).toBe(400);
  expect((await askHttp(server, `${chunked}b\r\nabcdefghijk\r\n`)).status).toBe(413);
});

test("a body is read once, in one way", async () => {
  const codes: unknown[] = [];
  const { server } = await httpServing(async (request) => {
    await collected(request);
    for (const again of [() => collected(request), () => request.bytes()]) {
      await again().catch((error: unknown) => codes.push((error as { code: unknown }).code));
    }
    expect(() => request.onBody(1 as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
    return {};
  });
  await askHttp(server, post("abc"));
  expect(codes).toEqual(["ERR_SOCKWRIGHT_HTTP_BODY_READ", "ERR_SOCKWRIGHT_HTTP_BODY_READ"]);
});

test("100 Continue is sent to a client that waits for it", async () => {
  const { server } = await httpServing(echoBody);
  const client = await connected(server);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  expect(String(await client.readUntil("\r\n\r\n"))).toContain("100 Continue");
  client.write("hi");
  expect(await restOf(client)).toContain("hi");
  await client.close();
});
