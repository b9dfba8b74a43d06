import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { loopbackCertificate } from "../../../../src/certificate/loopback-certificate.ts";
import { TlsError, TlsOptionError, tlsErrorOf } from "../../../../src/server/tls/tls-error.ts";

function nodeError(code: string, more: object = {}): Error {
  return Object.assign(new Error("of node:tls"), { code, ...more });
}

test("words stand before the code, and the cause is kept", () => {
  const cause = nodeError("ERR_SSL_WRONG_VERSION_NUMBER");
  expect(tlsErrorOf(cause)).toMatchObject({
    name: "TlsError",
    code: "ERR_SSL_WRONG_VERSION_NUMBER",
    message: "the peer does not speak TLS (ERR_SSL_WRONG_VERSION_NUMBER)",
    cause,
  });
  expect(tlsErrorOf(nodeError("CERT_HAS_EXPIRED"))).toBeInstanceOf(TlsError);
});

test("a peer that renegotiates again and again is an error of TLS, which Node ends the connection for", () => {
  expect(tlsErrorOf(nodeError("ERR_TLS_SESSION_ATTACK"))).toBeInstanceOf(TlsError);
});

test("an error of OpenSSL without words has OpenSSL's own", () => {
  expect(String(tlsErrorOf(nodeError("ERR_SSL_LENGTH_MISMATCH", { reason: "length mismatch" })))).toBe(
    "TlsError: TLS failed, length mismatch (ERR_SSL_LENGTH_MISMATCH)",
  );
  expect(String(tlsErrorOf(nodeError("ERR_SSL_OTHER")))).toBe("TlsError: TLS failed (ERR_SSL_OTHER)");
});

test("ECONNRESET is an end during the handshake where it is no system call's", () => {
  expect(tlsErrorOf(nodeError("ECONNRESET"))).toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_END" });
  // A real reset keeps its shape: code, errno, syscall.
  const reset = nodeError("ECONNRESET", { syscall: "read", errno: -104 });
  expect(tlsErrorOf(reset)).toBe(reset);
});

test("an error of OpenSSL that a write in progress got has the same code", () => {
  const text =
    "write EPROTO 808C6B4F2B7F0000:error:0A000460:SSL routines:ssl3_read_bytes:tlsv1 alert no application protocol:../ssl.c:1:";
  const error = Object.assign(new Error(text), { code: "EPROTO", syscall: "write", errno: -71 });
  expect(tlsErrorOf(error)).toMatchObject({
    code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
    cause: error,
    message: expect.stringMatching(/^the peer knows none/) as string,
  });
  const bare = Object.assign(new Error("write EPROTO"), { code: "EPROTO", syscall: "write" });
  expect(tlsErrorOf(bare)).toBe(bare);
});

test("a TlsError and an error of something else stay as they are", () => {
  for (const error of [
    new TlsError("CERT_REVOKED"),
    nodeError("EPIPE", { syscall: "write" }),
    new Error("of a program"),
  ]) {
    expect(tlsErrorOf(error)).toBe(error);
  }
});

test("the details: a certificate with its fingerprint, a detail, no cause", () => {
  const { cert, fingerprint } = loopbackCertificate();
  const peerCertificate = new X509Certificate(cert);
  const error = new TlsError("ERR_SOCKWRIGHT_TLS_PIN", { peerCertificate, detail: "more" });
  expect(error).toMatchObject({
    peerCertificate,
    fingerprint,
    message: "the peer has another certificate than the pinned one, more (ERR_SOCKWRIGHT_TLS_PIN)",
  });
  expect("cause" in error).toBe(false);
  expect(new TlsOptionError("key", "why")).toMatchObject({
    option: "key",
    message: "why",
    code: "ERR_SOCKWRIGHT_TLS_OPTION",
  });
});
