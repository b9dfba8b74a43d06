import { expect, test } from "vitest";
import { tlsSettings } from "../../../../src/server/tls/tls-settings.ts";
import { parseSocketUrl } from "../../../../src/server/url/socket-url.ts";

test("the options of the URL come first, then those of the program; all others are left out", () => {
  const url = parseSocketUrl("tls://127.0.0.1:1?cert=a.pem&key=a.key&min=1.3&keepalive=5s&handshake-timeout=1s");
  expect(tlsSettings(url, { cert: ["b.pem"], ca: "ca.pem", min: "1.2" })).toEqual({
    cert: ["a.pem"],
    key: ["a.key"],
    min: "1.3",
    ca: "ca.pem",
  });
});

test("an option that is undefined is none", () => {
  expect(tlsSettings(parseSocketUrl("tls://127.0.0.1:1"), { ca: undefined, alpn: ["a"] })).toEqual({ alpn: ["a"] });
});
