// The certificate of `https:` listeners on loopback: which of them get it, and that it stays the same.
import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { parseSocketUrl } from "../../../src/server/url/socket-url.ts";
import {
  type CertificateEvent,
  canHaveOwnCertificate,
  certificateAdvice,
  lacksCertificate,
  OwnCertificate,
} from "../../../src/supervisor/own-certificate.ts";

test("all listeners get the same one, and each is told once", () => {
  const events: CertificateEvent[] = [];
  const own = new OwnCertificate((event) => void events.push(event));
  const first = own.addTo({ url: "https://127.0.0.1:8443?min=1.3", backlog: 5 });
  const again = own.addTo({ url: "https://127.0.0.1:8443" });
  const second = own.addTo({ url: "https://[::1]:8443" });
  expect(first).toMatchObject({ url: "https://127.0.0.1:8443?min=1.3", backlog: 5 });
  expect([again.cert, second.cert, again.key]).toEqual([first.cert, first.cert, first.key]);
  const digest = new X509Certificate(String(first.cert)).fingerprint256.replaceAll(":", "").toLowerCase();
  expect(events).toEqual(
    ["https://127.0.0.1:8443", "https://[::1]:8443"].map((url) => ({
      event: "certificate",
      url,
      fingerprint: `sha256:${digest}`,
    })),
  );
});

test.for(["http://127.0.0.1:1", "tls://127.0.0.1:1", "https://0.0.0.0:1", "https+unix:/run/a.sock"])(
  "%s gets none",
  (url) => {
    const own = new OwnCertificate(() => expect.unreachable());
    expect(own.addTo({ url })).toEqual({ url });
  },
);

test("one with a certificate keeps it: in its URL, its options or those of its server", () => {
  const own = new OwnCertificate(() => expect.unreachable());
  const url = "https://127.0.0.1:1";
  expect(own.addTo({ url: `${url}?cert=a&key=b` })).toEqual({ url: `${url}?cert=a&key=b` });
  expect(own.addTo({ url, cert: "a", key: "b" })).toEqual({ url, cert: "a", key: "b" });
  expect(own.addTo({ url }, { cert: "a" })).toEqual({ url });
});

test.for<[url: string, lacks: boolean, canHave: boolean]>([
  ["https://localhost", true, true],
  ["https://LOCALHOST", true, true],
  ["https://127.255.0.1:1", true, true],
  ["https://[::1]:1", true, true],
  ["https://127.0.0.1.example.org", true, false],
  ["https://localhost.example.org", true, false],
  ["https://*:1", true, false],
  ["tls://127.0.0.1:1", true, false],
  ["https://localhost?cert=a&key=b", false, true],
  ["tcp://127.0.0.1:1", false, false],
  ["fd:3", false, false],
])("%s", ([text, lacks, canHave]) => {
  const url = parseSocketUrl(text);
  expect([lacksCertificate(url), canHaveOwnCertificate(url)]).toEqual([lacks, canHave]);
});

test("the advice names the host", () => {
  const advice = (text: string): string => certificateAdvice(parseSocketUrl(text));
  expect(advice("https://www.example.org")).toMatch(/with {2}sockwright cert www\.example\.org$/);
  expect(advice("https://*:1")).toMatch(/with {2}sockwright cert NAME$/);
});
