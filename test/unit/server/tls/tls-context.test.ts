import { expect, test, vi } from "vitest";
import { newTicketKeys } from "../../../../src/server/tls/ticket-keys.ts";
import { clientContext, serverContext } from "../../../../src/server/tls/tls-context.ts";
import { certificates } from "../../../support/certificates.ts";

const files = certificates();
const ca = files.path("ca.pem");
const PIN = `sha256:${"0".repeat(64)}`;

test("a server with one certificate has no choice by name, and asks for none of its clients", () => {
  const context = serverContext(files.pairs("localhost"), newTicketKeys());
  expect(context).toMatchObject({ forName: undefined, check: undefined, alpn: undefined, servername: undefined });
});

test("a server chooses by name: the exact one, the wildcard, and else that of the first", () => {
  const { forName } = serverContext(files.pairs("localhost", "other", "wild"), newTicketKeys());
  const chosen = ["localhost", "other.example", "a.wild.example", "unknown"].map((name) => forName?.(name));
  expect(new Set(chosen).size).toBe(3);
  expect([chosen[0], chosen[3]]).toEqual([undefined, undefined]);
  // RFC 6125: the common name is no name of the certificate.
  const byCommonName = serverContext(files.pairs("localhost", "client"), newTicketKeys());
  expect(byCommonName.forName?.("a client")).toBeUndefined();
});

test.for([
  [
    { client: "ask" as const, ca },
    { isRequired: false, checksChain: true, pins: undefined },
  ],
  [
    { client: "require" as const, ca },
    { isRequired: true, checksChain: true, pins: undefined },
  ],
  [
    { client: "require" as const, pin: [PIN] },
    { isRequired: true, checksChain: false, pins: [PIN] },
  ],
  [
    { client: "ask" as const, pin: [PIN], ca },
    { isRequired: false, checksChain: true, pins: [PIN] },
  ],
] as const)("what a server requires of its clients: %j", ([settings, check]) => {
  expect(serverContext({ ...files.pairs("localhost"), ...settings }, newTicketKeys()).check).toEqual(check);
});

test.for([
  [{}, true],
  [{ ca }, true],
  [{ pin: [PIN] }, false],
  [{ pin: [PIN], ca }, true],
] as const)("what a client requires of its server: %j", ([settings, checksChain]) => {
  expect(clientContext(settings).check).toMatchObject({ isRequired: true, checksChain });
});

test("clients without files of their own share a context; with a file, or another version, they do not", () => {
  vi.stubEnv("SSL_CERT_FILE", undefined);
  const { secure } = clientContext({});
  expect(clientContext({ servername: "a", alpn: ["b"] }).secure).toBe(secure);
  expect(clientContext({ min: "1.3" }).secure).not.toBe(secure);
  expect(clientContext({ ca }).secure).not.toBe(secure);
  expect(clientContext(files.pairs("client")).secure).not.toBe(secure);
});
