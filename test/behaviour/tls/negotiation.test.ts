// What the two sides agree on: version, cipher suite, certificate by name, and protocol.
import { X509Certificate } from "node:crypto";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { fingerprintOf } from "../../../src/certificate/fingerprint.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import type { Server, TlsInfo } from "../../../src/server.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { echo, serving, urlOf } from "../../support/serving.ts";
import { noteTlsFailures } from "../../support/tls-failures.ts";
import { until } from "../../support/until.ts";
import { useWay, WAYS } from "./ways.ts";

const files = certificates();
const ca = files.path("ca.pem");
const pair = files.pair("localhost");
const TLS = "tls://127.0.0.1:0";

/** A server that echoes, what it has negotiated, and the errors that it reports. */
async function serverOf(options: ServeOptions) {
  const seen: (TlsInfo | undefined)[] = [];
  const errors: unknown[] = [];
  noteTlsFailures(errors);
  const service = (connection: Connection): Promise<void> => {
    seen.push(connection.tls);
    return echo(connection);
  };
  const server = await serving(service, { ...pair, onError: (error) => errors.push(error), ...options }, TLS);
  return { server, seen, errors };
}

/** A client of node:tls that has connected, or its error. */
async function clientOfNode(server: Server, options: ConnectionOptions): Promise<TLSSocket | Error> {
  const port = Number(new URL(urlOf(server).replace("tls:", "http:")).port);
  const socket = connectTls({ host: "127.0.0.1", port, ca: files.bytes("ca.pem"), ...options });
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve) => {
    socket.on("error", resolve).on("secureConnect", () => resolve(socket));
  });
}

describe.each(WAYS)("over $name", (way) => {
  test("tls before, during and after the connection, on both sides", async () => {
    const { server, seen } = await serverOf(useWay(way));
    const client = await connected(server, { ca, servername: "localhost" });
    expect(client.tls).toEqual({
      version: "TLSv1.3",
      cipher: "TLS_AES_128_GCM_SHA256",
      serverName: "localhost",
      alpn: undefined,
      peerCertificate: expect.objectContaining({ subject: "CN=localhost" }) as object,
      fingerprint: expect.stringMatching(/^sha256:[\da-f]{64}$/) as string,
    });
    expect(await echoOf(client)).toBe("hello");
    expect(seen).toEqual([
      {
        version: "TLSv1.3",
        cipher: "TLS_AES_128_GCM_SHA256",
        serverName: "localhost",
        alpn: undefined,
        peerCertificate: undefined,
        fingerprint: undefined,
      },
    ]);
    const { tls } = client;
    await client.close();
    expect(client.tls).toEqual(tls);
  });

  test.for<[servername: string, certificate: string]>([
    ["localhost", "localhost"],
    ["other.example", "other.example"],
    ["OTHER.EXAMPLE", "other.example"],
    ["a.wild.example", "*.wild.example"],
    ["wild.example", "localhost"],
    ["a.b.wild.example", "localhost"],
    ["unknown.example", "localhost"],
  ])("several certificates: %s gets that of %s", async ([servername, certificate]) => {
    const { server, seen } = await serverOf({ ...files.pairs("localhost", "other", "wild"), ...useWay(way) });
    const client = await connected(server, { ca, servername }).catch((error: unknown) => error);
    if (certificate === "localhost" && servername !== "localhost") {
      // The first certificate answers an unknown name: the client refuses it.
      expect(client).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
      return;
    }
    const { tls } = client as Connection;
    expect(tls?.peerCertificate?.subject).toBe(`CN=${certificate}`);
    await until(() => seen.length === 1, "the service");
    expect(seen[0]?.serverName).toBe(servername);
  });

  test.for<[servername: string | undefined, certificate: string, type: string]>([
    ["localhost", "localhost", "rsa"],
    ["other.example", "other.example", "ec"],
    ["unknown.example", "other.example", "ec"],
    [undefined, "other.example", "ec"],
  ])("certificates with keys of two types: %s gets that of %s, %s", async ([servername, certificate, type]) => {
    const { server, seen } = await serverOf({ ...files.pairs("other", "rsa"), ...useWay(way) });
    // By a pin no name is checked.
    const pin = ["other", "rsa"].map((name) => fingerprintOf(new X509Certificate(files.bytes(`${name}.pem`))));
    const client = await connected(server, { pin, servername });
    expect(await echoOf(client)).toBe("hello");
    const { peerCertificate } = client.tls ?? {};
    expect(peerCertificate?.subject).toBe(`CN=${certificate}`);
    expect(peerCertificate?.publicKey.asymmetricKeyType).toBe(type);
    expect(seen[0]?.serverName).toBe(servername);
  });

  test("the dot at the end of a name is not sent, and a name in another script is sent in ASCII", async () => {
    const { server, seen } = await serverOf(useWay(way));
    const pin = fingerprintOf(new X509Certificate(files.bytes("localhost.pem")));
    await echoOf(await connected(server, { ca, servername: "localhost." }));
    await echoOf(await connected(server, { pin, servername: "bücher.example." }));
    expect(seen.map((tls) => tls?.serverName)).toEqual(["localhost", "xn--bcher-kva.example"]);
  });

  test("a client without a name gets the first certificate, and its address is no name", async () => {
    const { server, seen } = await serverOf({ ...files.pairs("localhost", "other"), ...useWay(way) });
    const client = await connected(server, { ca });
    expect(await echoOf(client)).toBe("hello");
    expect([client.tls?.serverName, seen[0]?.serverName]).toEqual([undefined, undefined]);
  });

  test.for<[server: string[] | undefined, client: string[] | undefined, chosen: string | undefined]>([
    [["h2", "http/1.1"], ["http/1.1", "h2"], "h2"],
    [["http/1.1"], ["h2", "http/1.1"], "http/1.1"],
    [["a", "b"], ["b"], "b"],
    [["a"], undefined, undefined],
    [undefined, ["a"], undefined],
    [undefined, undefined, undefined],
    [["ä".repeat(127)], ["ä".repeat(127)], "ä".repeat(127)],
  ])("protocols %j and %j: %s", async ([ofServer, ofClient, chosen]) => {
    const { server, seen } = await serverOf({ ...(ofServer && { alpn: ofServer }), ...useWay(way) });
    const client = await connected(server, { ca, ...(ofClient && { alpn: ofClient }) });
    expect(await echoOf(client)).toBe("hello");
    expect([client.tls?.alpn, seen[0]?.alpn]).toEqual([chosen, chosen]);
  });

  test("protocols without an overlap: the client gets an alert, and the server an error", async () => {
    const { server, seen, errors } = await serverOf({ alpn: ["a", "b"], ...useWay(way) });
    await expect(connected(server, { ca, alpn: ["c"] })).rejects.toMatchObject({
      code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
      message: expect.stringContaining("the peer knows none of the protocols of alpn") as string,
    });
    await until(() => errors.length === 1, "the server's error");
    expect(errors).toMatchObject([{ code: "ERR_SSL_NO_APPLICATION_PROTOCOL" }]);
    expect(seen).toEqual([]);
  });
});

// node:tls has no memory transport.
describe.each(WAYS.slice(0, 3))("over $name, a client of node:tls", (way) => {
  test.for(["TLSv1.2", "TLSv1.3"] as const)("certificates with keys of two types, in %s", async (maxVersion) => {
    const { server } = await serverOf({ ...files.pairs("other", "rsa"), ...useWay(way) });
    const subjects: unknown[] = [];
    for (const servername of ["localhost", "other.example", ""]) {
      const client = await clientOfNode(server, { servername, maxVersion, rejectUnauthorized: false });
      subjects.push(client instanceof Error ? client : client.getPeerCertificate().subject.CN);
    }
    expect(subjects).toEqual(["localhost", "other.example", "other.example"]);
  });

  test.for(["TLSv1.2", "TLSv1.3"] as const)(
    "two certificates of one name beside one of another, in %s",
    async (maxVersion) => {
      const { server } = await serverOf({ ...files.pairs("localhost", "rsa", "other-rsa"), ...useWay(way) });
      const subjects: unknown[] = [];
      for (const servername of ["other.example", "localhost", ""]) {
        const client = await clientOfNode(server, { servername, maxVersion, rejectUnauthorized: false });
        subjects.push(client instanceof Error ? client : client.getPeerCertificate().subject.CN);
      }
      expect(subjects).toEqual(["other.example", "localhost", "localhost"]);
    },
  );

  test("a name with a dot at its end gets the certificate of the name", async () => {
    const { server } = await serverOf({ ...files.pairs("other", "localhost"), ...useWay(way) });
    const client = await clientOfNode(server, { servername: "localhost." });
    expect(client instanceof Error ? client : client.getPeerCertificate().subject.CN).toBe("localhost");
  });

  test("min=1.3 refuses 1.2, and the default refuses 1.1", async () => {
    const by = useWay(way);
    const strict = await serverOf({ min: "1.3", ...by });
    expect(await clientOfNode(strict.server, { maxVersion: "TLSv1.2" })).toMatchObject({
      code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
    });
    await until(() => strict.errors.length === 1, "the error");
    expect(strict.errors).toMatchObject([{ code: "ERR_SSL_UNSUPPORTED_PROTOCOL" }]);
    expect(await clientOfNode(strict.server, {})).toMatchObject({ encrypted: true });
    const usual = await serverOf(by);
    expect(await clientOfNode(usual.server, { maxVersion: "TLSv1.2" })).toMatchObject({ encrypted: true });
    expect(usual.seen[0]?.version).toBe("TLSv1.2");
    expect(
      await clientOfNode(usual.server, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" }),
    ).toBeInstanceOf(Error);
  });

  test.for([
    "AES256-SHA",
    "AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "DHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-CCM",
  ])("TLS 1.2 has no suite %s", async (ciphers) => {
    const { server, errors } = await serverOf({ ...files.pair("rsa"), ...useWay(way) });
    expect(await clientOfNode(server, { maxVersion: "TLSv1.2", ciphers })).toBeInstanceOf(Error);
    await until(() => errors.length === 1, "the error");
    expect(errors).toMatchObject([{ code: "ERR_SSL_NO_SHARED_CIPHER" }]);
  });

  test.for([
    ["localhost", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    ["localhost", "ECDHE-ECDSA-CHACHA20-POLY1305"],
    ["rsa", "ECDHE-RSA-AES256-GCM-SHA384"],
    ["rsa", "ECDHE-RSA-CHACHA20-POLY1305"],
  ])("TLS 1.2, %s: %s", async ([certificate = "", ciphers = ""]) => {
    const { server } = await serverOf({ ...files.pair(certificate), ...useWay(way) });
    const socket = await clientOfNode(server, { maxVersion: "TLSv1.2", ciphers });
    expect((socket as TLSSocket).getCipher().name).toBe(ciphers);
  });

  test("a client that renegotiates gets nothing", async () => {
    const { server } = await serverOf(useWay(way));
    const socket = await clientOfNode(server, { maxVersion: "TLSv1.2" });
    if (socket instanceof Error) throw socket;
    const error = await new Promise<unknown>((resolve) => {
      socket.removeAllListeners("error").on("error", resolve);
      socket.renegotiate({ rejectUnauthorized: false }, resolve);
    });
    expect(error).toMatchObject({ code: "ERR_SSL_NO_RENEGOTIATION" });
  });
});

test.for<[what: string, options: Record<string, unknown>, code: string]>([
  ["an empty list", { alpn: [] }, "ERR_INVALID_ARG_VALUE"],
  ["an empty name", { alpn: [""] }, "ERR_INVALID_ARG_VALUE"],
  ["a name of 256 bytes", { alpn: ["ä".repeat(128)] }, "ERR_INVALID_ARG_VALUE"],
  ["a list of 65 536 bytes", { alpn: Array.from({ length: 256 }, () => "x".repeat(255)) }, "ERR_INVALID_ARG_VALUE"],
  ["another version", { min: "1.1" }, "ERR_INVALID_ARG_VALUE"],
  ["another word for client", { client: "maybe" }, "ERR_INVALID_ARG_VALUE"],
  ["a short pin", { pin: "sha256:00" }, "ERR_INVALID_ARG_VALUE"],
  ["a pin of SHA-1", { pin: `sha1:${"0".repeat(40)}` }, "ERR_INVALID_ARG_VALUE"],
])("%s is refused as an option", async ([, options, code]) => {
  await expect(serving(echo, { ...pair, ...options }, TLS)).rejects.toMatchObject({ code });
});

test("an unchecked connection is no option", async () => {
  const options: object = { ...pair, rejectUnauthorized: false };
  await expect(serving(echo, options, TLS)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
  const insecure: object = { insecure: true };
  const server = await serving(echo, pair, TLS);
  await expect(connected(server, insecure)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
});

describe.each(WAYS.filter(({ transport }) => transport !== "memory"))("several kinds of key over $name", (way) => {
  test.for<[names: readonly string[], algorithms: string, kind: string, version: "TLSv1.2" | "TLSv1.3"]>(
    (["TLSv1.2", "TLSv1.3"] as const).flatMap((version) =>
      [["localhost", "rsa"] as const, ["rsa", "localhost"] as const].flatMap(
        (names): [readonly string[], string, string, typeof version][] => [
          [names, "RSA-PSS+SHA256", "rsa", version],
          [names, "ECDSA+SHA256", "ec", version],
        ],
      ),
    ),
  )("certificates %j with one name: a client that knows %s gets the one with %s, over %s", async (row) => {
    const [names, sigalgs, kind, maxVersion] = row;
    const { server } = await serverOf({ ...files.pairs(...names), ...useWay(way) });
    const client = await clientOfNode(server, { servername: "localhost", sigalgs, maxVersion });
    expect(client).not.toBeInstanceOf(Error);
    expect((client as TLSSocket).getPeerX509Certificate()?.publicKey.asymmetricKeyType).toBe(kind);
  });
});
