import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { chainErrorOf, tlsInfoOf } from "../../../../src/server/tls/tls-state.ts";
import { certificates } from "../../../support/certificates.ts";

const files = certificates();

/** The members of a socket that are looked at. */
function socketWith(members: object): TLSSocket {
  return members as TLSSocket;
}

/** What a handle of node:tls tells of the check of the chain. */
function handleWith(error: unknown): object {
  return { _handle: { verifyError: () => error } };
}

test("chainErrorOf: nothing where OpenSSL has no error, and else its code", () => {
  const error = Object.assign(new Error("expired"), { code: "CERT_HAS_EXPIRED" });
  const found = [null, undefined, error, new Error("without a code")].map((each) =>
    chainErrorOf(socketWith(handleWith(each))),
  );
  expect(found).toEqual([undefined, undefined, "CERT_HAS_EXPIRED", "CERT_UNTRUSTED"]);
});

test("chainErrorOf: without Node's function no certificate is accepted", () => {
  for (const handle of [undefined, null, {}, { verifyError: 5 }]) {
    expect(chainErrorOf(socketWith({ _handle: handle }))).toBe("CERT_UNTRUSTED");
  }
});

test("tlsInfoOf: Node's false and null are undefined, and a protocol's name is UTF-8", () => {
  const own = {
    getProtocol: () => null,
    getCipher: () => ({ standardName: "SUITE" }),
    getPeerX509Certificate: () => new X509Certificate(files.bytes("client.pem")),
  };
  const none = socketWith({ ...own, servername: false, alpnProtocol: false });
  expect(tlsInfoOf(none, false, undefined)).toEqual({
    version: "",
    cipher: "SUITE",
    serverName: undefined,
    alpn: undefined,
    peerCertificate: undefined,
    fingerprint: undefined,
  });
  const all = socketWith({
    ...own,
    getProtocol: () => "TLSv1.3",
    servername: "a",
    alpnProtocol: Buffer.from("ä").toString("latin1"),
  });
  expect(tlsInfoOf(all, true, undefined)).toMatchObject({
    version: "TLSv1.3",
    serverName: "a",
    alpn: "ä",
    peerCertificate: { subject: "CN=a client" },
  });
  expect(tlsInfoOf(all, true, "given")).toMatchObject({
    serverName: "given",
    fingerprint: expect.stringMatching(/^sha256:/) as string,
  });
});
