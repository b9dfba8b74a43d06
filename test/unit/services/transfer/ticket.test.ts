import { expect, test } from "vitest";
import { formatTicket, MAX_TICKET_LENGTH, parseTicket } from "../../../../src/services/transfer/ticket.ts";

const SECRET = "AbCdEfGhIjKlMnOpQrSt-_";
const PIN = `sha256:${"0123456789abcdef".repeat(4)}`;

test.each([
  [`sockwright://${SECRET}@10.0.0.5:4000/?pin=${PIN}`, `tls://10.0.0.5:4000?pin=${PIN}`],
  [`sockwright://${SECRET}@[2001:db8::1]:4000/?pin=${PIN}`, `tls://[2001:db8::1]:4000?pin=${PIN}`],
  [`sockwright+tcp://${SECRET}@127.0.0.1:4000`, "tcp://127.0.0.1:4000"],
  [`sockwright+tcp://${SECRET}@[::1]:4000`, "tcp://[::1]:4000"],
  [`sockwright+unix://${SECRET}@/run/recv.sock`, "unix:/run/recv.sock"],
])("%s is written as it is read", (text, url) => {
  expect(parseTicket(text)).toEqual({ secret: SECRET, url });
  expect(parseTicket(`\n ${text}\r\n`)).toEqual({ secret: SECRET, url });
  expect(formatTicket({ secret: SECRET, url })).toBe(text);
});

test("the slash before the query may be missing", () => {
  expect(parseTicket(`sockwright://${SECRET}@host:1?pin=${PIN}`).url).toBe(`tls://host:1?pin=${PIN}`);
});

test.each([
  ["", /begin with sockwright/],
  ["tls://127.0.0.1:4000", /begin with sockwright/],
  [`sockwright://host:1/?pin=${PIN}`, /no secret/],
  [`sockwright://short@host:1/?pin=${PIN}`, /no secret/],
  [`sockwright://${SECRET}x@host:1/?pin=${PIN}`, /no secret/],
  [`sockwright://${SECRET}@host:1/`, /no pin/],
  [`sockwright://${SECRET}@host:1/?pin=${PIN}&pin=${PIN}`, /no pin/],
  [`sockwright://${SECRET}@host:1/?pin=${PIN}&alpn=h2`, /options other than the pin/],
  [`sockwright://${SECRET}@host:1/?pin=sha256:12`, /its pin not/],
  [`sockwright://${SECRET}@host/?pin=${PIN}`, /HOST:PORT/],
  [`sockwright://${SECRET}@host:0/?pin=${PIN}`, /HOST:PORT/],
  [`sockwright://${SECRET}@*:4000/?pin=${PIN}`, /HOST:PORT/],
  [`sockwright://${SECRET}@host:99999/?pin=${PIN}`, /HOST:PORT/],
  [`sockwright+tcp://${SECRET}@10.0.0.5:4000`, /without TLS/],
  [`sockwright+tcp://${SECRET}@127.0.0.1.example:4000`, /without TLS/],
  [`sockwright+tcp://${SECRET}@127.0.0.1:0`, /HOST:PORT/],
  [`sockwright+tcp://${SECRET}@127.0.0.1:4000?nodelay=off`, /HOST:PORT/],
  [`sockwright+unix://${SECRET}@/run/x?mode=777`, /options/],
  [`sockwright://${SECRET}@h:1/?pin=${PIN} more`, /no secret/],
  ["x".repeat(MAX_TICKET_LENGTH + 1), /more than 1024 characters/],
])("%j is refused, and the message does not have the secret", (text, reason) => {
  let thrown: unknown;
  try {
    parseTicket(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "BAD_TICKET", message: expect.stringMatching(reason) });
  expect(String(thrown)).not.toContain(SECRET);
});

test("a URL that a ticket cannot have is refused", () => {
  expect(() => formatTicket({ secret: SECRET, url: "udp://127.0.0.1:1" })).toThrow(/none of the schemes/);
});
