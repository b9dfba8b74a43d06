// Which certificates each side accepts, and what both sides learn when one does not.
import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../../src/server/connect.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import { TlsError } from "../../../src/server.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { echo, serving } from "../../support/serving.ts";
import { noteTlsFailures } from "../../support/tls-failures.ts";
import { until } from "../../support/until.ts";
import { useWay, WAYS } from "./ways.ts";

const files = certificates();
const ca = files.path("ca.pem");
const TLS = "tls://127.0.0.1:0";

function fingerprintOf(name: string): string {
  const { fingerprint256 } = new X509Certificate(files.bytes(`${name}.pem`));
  return `sha256:${fingerprint256.replaceAll(":", "").toLowerCase()}`;
}

/** A server with the options, and the errors that it reports. */
async function server(options: ServeOptions) {
  const errors: unknown[] = [];
  noteTlsFailures(errors);
  let services = 0;
  const service = (connection: Connection): Promise<void> => {
    services++;
    return echo(connection);
  };
  const made = await serving(service, { onError: (error) => errors.push(error), ...options }, TLS);
  return { made, errors, services: () => services };
}

/** The error with which a client does not come to a connection. */
async function refusal(to: Parameters<typeof connected>[0], options: ConnectOptions): Promise<unknown> {
  return connected(to, options).then(
    () => "connected",
    (error: unknown) => error,
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}

describe.each(WAYS)("over $name: a client", (way) => {
  test.for<[what: string, certificate: string, options: ConnectOptions]>([
    ["an address of the certificate", "localhost", { ca }],
    ["an RSA certificate", "rsa", { ca }],
    ["a name that it is given instead of the host", "other", { ca, servername: "other.example" }],
    ["a name of a wildcard", "wild", { ca, servername: "a.wild.example" }],
    ["a chain with an intermediate authority", "chain", { ca }],
    ["authorities as bytes", "localhost", { ca: files.bytes("ca.pem") }],
    ["a pin, without an authority", "self-signed", { pin: fingerprintOf("self-signed") }],
    [
      "a pin, even of an expired certificate for another name",
      "expired",
      { pin: fingerprintOf("expired"), servername: "x.example" },
    ],
    ["one of several pins", "localhost", { pin: [fingerprintOf("other"), fingerprintOf("localhost")] }],
    ["a pin and an authority", "localhost", { pin: fingerprintOf("localhost"), ca }],
    ["a self-signed certificate as its own authority", "self-signed", { ca: files.path("self-signed.pem") }],
    ["a list without the certificate", "localhost", { ca, crl: files.path("crl.pem") }],
    ["a chain, with a list of each of its authorities in one file", "chain", { ca, crl: files.path("crls.pem") }],
    [
      "the second authority of a file",
      "localhost",
      { ca: Buffer.concat([files.bytes("other-ca.pem"), files.bytes("ca.pem")]) },
    ],
    ["a revoked certificate, without a list", "revoked", { ca }],
  ])("accepts %s", async ([, certificate, options]) => {
    const { made, errors } = await server({ ...files.pair(certificate), ...useWay(way) });
    const client = await connected(made, options);
    expect(await echoOf(client)).toBe("hello");
    expect(client.tls?.fingerprint).toBe(fingerprintOf(certificate));
    await client.close();
    expect(errors).toEqual([]);
  });

  test.for<[what: string, certificate: string, options: ConnectOptions, code: string]>([
    ["an unknown authority", "localhost", {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["another authority", "localhost", { ca: files.path("other-ca.pem") }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["another name", "localhost", { ca, servername: "other.example" }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["another address", "other", { ca }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["two labels for a wildcard", "wild", { ca, servername: "a.b.wild.example" }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["an expired certificate", "expired", { ca }, "CERT_HAS_EXPIRED"],
    ["one that is not valid yet", "future", { ca }, "CERT_NOT_YET_VALID"],
    ["a self-signed one", "self-signed", { ca }, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["one without its intermediate", "leaf", { ca }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["one for clients only", "client", { ca, servername: "a client" }, "INVALID_PURPOSE"],
    ["a revoked one", "revoked", { ca, crl: files.path("crl.pem") }, "CERT_REVOKED"],
    ["a chain without the list of one authority", "chain", { ca, crl: files.path("crl.pem") }, "UNABLE_TO_GET_CRL"],
    ["one that the second list of a file has", "revoked-chain", { ca, crl: files.path("crls.pem") }, "CERT_REVOKED"],
    ["an expired list", "localhost", { ca, crl: files.path("expired-crl.pem") }, "CRL_HAS_EXPIRED"],
    ["a list of another authority", "localhost", { ca, crl: files.path("other-crl.pem") }, "UNABLE_TO_GET_CRL"],
    ["another pin", "localhost", { pin: fingerprintOf("other") }, "ERR_SOCKWRIGHT_TLS_PIN"],
    ["another pin of a good certificate", "localhost", { pin: fingerprintOf("other"), ca }, "ERR_SOCKWRIGHT_TLS_PIN"],
    [
      "the pin of an expired one, with an authority",
      "expired",
      { pin: fingerprintOf("expired"), ca },
      "CERT_HAS_EXPIRED",
    ],
  ])("refuses %s", async ([, certificate, options, code]) => {
    const { made, services } = await server({ ...files.pair(certificate), ...useWay(way) });
    const error = await refusal(made, options);
    expect(error).toBeInstanceOf(TlsError);
    expect(error).toMatchObject({ name: "TlsError", code, fingerprint: fingerprintOf(certificate) });
    expect(String(error)).toContain(`(${code})`);
    expect(String(error)).not.toContain("TLS failed");
    await until(() => made.connections().length === 0, "the server's end");
    // With TLS 1.3 the server's side is complete before the client's check.
    expect(services()).toBeLessThanOrEqual(1);
  });
});

describe.each(WAYS)("over $name: a server", (way) => {
  const own = files.pair("localhost");

  test.for<[what: string, options: ServeOptions, certificate: string | undefined]>([
    ["a client's certificate that it requires", { client: "require", ca }, "client"],
    ["a client's certificate that it asks for", { client: "ask", ca }, "client"],
    ["a client without one that it asks for", { client: "ask", ca }, undefined],
    ["a pinned certificate", { client: "require", pin: fingerprintOf("stranger") }, "stranger"],
    ["a pinned certificate of an authority", { client: "require", pin: fingerprintOf("client"), ca }, "client"],
    ["a certificate that is not in the list", { client: "require", ca, crl: files.path("crl.pem") }, "client"],
    ["a client's chain", { client: "require", ca }, "chain"],
  ])("accepts %s", async ([, options, certificate]) => {
    const { made, errors } = await server({ ...own, ...options, ...useWay(way) });
    const client = await connected(made, { ca, ...(certificate === undefined ? {} : files.pair(certificate)) });
    expect(await echoOf(client)).toBe("hello");
    await client.close();
    expect(errors).toEqual([]);
  });

  test.for<[what: string, options: ServeOptions, certificate: string | undefined, code: string]>([
    ["no certificate", { client: "require", ca }, undefined, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"],
    [
      "no certificate where it has a pin",
      { client: "require", pin: fingerprintOf("client") },
      undefined,
      "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
    ],
    ["another authority", { client: "require", ca }, "stranger", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["another authority, where it only asks", { client: "ask", ca }, "stranger", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["an expired certificate", { client: "require", ca }, "expired", "CERT_HAS_EXPIRED"],
    ["a certificate for servers", { client: "require", ca }, "localhost", "INVALID_PURPOSE"],
    ["a revoked certificate", { client: "require", ca, crl: files.path("crl.pem") }, "revoked", "CERT_REVOKED"],
    [
      "a revoked certificate, where it only asks",
      { client: "ask", ca, crl: files.path("crl.pem") },
      "revoked",
      "CERT_REVOKED",
    ],
    ["an expired list", { client: "require", ca, crl: files.path("expired-crl.pem") }, "client", "CRL_HAS_EXPIRED"],
    [
      "a list of another authority",
      { client: "require", ca, crl: files.path("other-crl.pem") },
      "client",
      "UNABLE_TO_GET_CRL",
    ],
    ["another pin", { client: "require", pin: fingerprintOf("client") }, "stranger", "ERR_SOCKWRIGHT_TLS_PIN"],
    [
      "another pin of a good certificate",
      { client: "ask", pin: fingerprintOf("stranger"), ca },
      "client",
      "ERR_SOCKWRIGHT_TLS_PIN",
    ],
  ])("refuses %s", async ([, options, certificate, code]) => {
    const by = useWay(way);
    for (const min of ["1.2", "1.3"] as const) {
      const { made, errors, services } = await server({ ...own, ...options, min, ...by });
      const pair = certificate === undefined ? {} : files.pair(certificate);
      // With TLS 1.3 the client's side is complete before the server's check: it learns the refusal when it reads.
      const seen = await connected(made, { ca, ...pair }).then(
        (client) => client.read().catch((error: unknown) => error),
        (error: unknown) => error,
      );
      expect(seen).toBeInstanceOf(Error);
      await until(() => made.connections().length === 0, "the server's end");
      expect([services(), made.stats().handshakesFailed.tls]).toEqual([0, 1]);
      expect(errors.map(codeOf)).toEqual([code]);
      if (certificate !== undefined) expect(errors).toMatchObject([{ fingerprint: fingerprintOf(certificate) }]);
      await made.close();
    }
  });
});

test("tls of both sides has the peer's certificate, and the client's own is asked for only where the server says so", async () => {
  const [way] = WAYS;
  const seen: unknown[] = [];
  const service = async (connection: Connection): Promise<void> => {
    seen.push(connection.tls?.peerCertificate?.subject, connection.tls?.fingerprint);
    await connection.read();
  };
  const asking = await serving(service, { ...files.pair("localhost"), client: "ask", ca, ...useWay(way) }, TLS);
  await (await connected(asking, { ca, ...files.pair("client") })).close();
  const silent = await serving(service, { ...files.pair("localhost"), ...useWay(way) }, TLS);
  await (await connected(silent, { ca, ...files.pair("client") })).close();
  await until(() => seen.length === 4, "both services");
  expect(seen).toEqual(["CN=a client", fingerprintOf("client"), undefined, undefined]);
});
