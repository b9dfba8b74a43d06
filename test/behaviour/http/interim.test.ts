// Interim responses, RFC 9110, section 15.2: context.inform().
import { expect, test } from "vitest";
import { connected } from "../../support/connected.ts";
import { httpServing, restOf } from "../../support/http-talk.ts";

async function talk(request: string, handler: Parameters<typeof httpServing>[0]): Promise<string> {
  const { server } = await httpServing(handler);
  const client = await connected(server);
  client.write(request);
  const text = await restOf(client);
  await client.close();
  return text.replaceAll(/Date: .*\r\n/g, "");
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("an interim response comes before the answer", async () => {
  const text = await talk(GET, (_, context) => {
    context.inform(104, { Location: "/x" });
    context.inform(103, [
      ["Link", "</a>"],
      ["Link", "</b>"],
    ]);
    return { body: "hello" };
  });
  expect(text).toBe(
    "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /x\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
  );
});

test("a client of HTTP/1.0 gets none", async () => {
  const old = await talk("GET / HTTP/1.0\r\n\r\n", (_, context) => {
    context.inform(103);
    return { body: "hello" };
  });
  expect(old).not.toContain("103");
});

test("nobody gets one after the answer has begun", async () => {
  let late: (() => void) | undefined;
  const text = await talk(GET, (_, context) => {
    late = () => context.inform(103);
    return {
      body: (async function* () {
        yield "hello";
        context.inform(103);
      })(),
    };
  });
  expect(text).not.toContain("103");
  late?.();
});

test("100 Continue comes as well, when the body is read", async () => {
  const request =
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  const { server } = await httpServing(async (message, context) => {
    context.inform(104);
    return { body: await message.text() };
  });
  const client = await connected(server);
  client.write(request);
  expect(String(await client.readUntil("\r\n\r\n"))).toContain("104");
  expect(String(await client.readUntil("\r\n\r\n"))).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  client.write("hi");
  expect(await restOf(client)).toContain("hi");
  await client.close();
});

test("pipelined requests: each has its own", async () => {
  const two = `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${GET.replace("/", "/2")}`;
  const text = await talk(two, async (request, context) => {
    await Promise.resolve();
    context.inform(103, { "X-Path": request.path });
    return { body: request.path };
  });
  expect(text.match(/X-Path: .*|\/\d$|\/\d(?=HTTP)/gm)).toEqual(["X-Path: /1", "/1", "X-Path: /2", "/2"]);
});

test.each([100, 101, 200, 99, 103.5])("the status %d is refused", async (status) => {
  const errors: unknown[] = [];
  await talk(GET, (_, context) => {
    try {
      context.inform(status);
    } catch (error) {
      errors.push(error);
    }
    return {};
  });
  expect(errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_HTTP_STATUS" }]);
});

test("a field that cannot be sent is refused", async () => {
  const errors: unknown[] = [];
  await talk(GET, (_, context) => {
    try {
      context.inform(103, { A: "b\r\nC: d" });
    } catch (error) {
      errors.push(error);
    }
    return {};
  });
  expect(errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_HTTP_FIELD_VALUE" }]);
});
