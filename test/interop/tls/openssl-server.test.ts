// openssl s_server as the server of our clients.
import { describe, expect, test } from "vitest";
import { connect } from "../../../src/server/connect.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { TlsOptions } from "../../../src/server/tls/tls-options.ts";
import { certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { codeOf } from "./code-of.ts";
import { identityOf, only, startServer } from "./openssl.ts";
import { versions } from "./securing.ts";

const files = certificates();

/** Connects to a port of this machine, and trusts the authority of the tests. */
function client(port: string, options: TlsOptions = {}): Promise<Connection> {
  return connected(`tls://localhost:${port}`, { ca: files.path("ca.pem"), ...options });
}

describe.for(versions)("TLS %s", (version) => {
  test("SNI", async (context) => {
    const other = files.pair("other");
    const second = ["-servername", "other.example", "-cert2", other.cert, "-key2", other.key];
    const [, port] = await startServer(context, files, only(version), ...second);
    const connection = await client(port, { servername: "other.example" });
    expect(connection.tls).toMatchObject({ version: `TLSv${version}`, serverName: "other.example", alpn: undefined });
    expect(connection.tls?.peerCertificate?.subject).toBe("CN=other.example");
  });

  test("ALPN, and lines in both directions", async (context) => {
    const [server, port] = await startServer(context, files, only(version), "-alpn", "b,c");
    const connection = await client(port, { alpn: ["a", "b"] });
    expect(connection.tls).toMatchObject({ version: `TLSv${version}`, serverName: "localhost", alpn: "b" });
    connection.write("hello\n");
    await server.line(/hello$/);
    server.stdin.write("Welcome!\n");
    expect(String(await connection.readUntil("\n"))).toBe("Welcome!\n");
  });

  test("its answer to a request of HTTP/1.0 ends with close_notify", async (context) => {
    const [, port] = await startServer(context, files, only(version), "-www");
    const connection = await client(port);
    connection.write("GET / HTTP/1.0\r\n\r\n");
    let page = "";
    for await (const piece of connection) page += String(piece);
    expect(page).toMatch(/^HTTP\/1\.0 200 ok\r\n.*<\/html>/is);
  });

  test("its command Q closes the socket without close_notify: that is a truncated connection", async (context) => {
    const [server, port] = await startServer(context, files, only(version));
    const connection = await client(port);
    server.stdin.write("the last\n");
    expect(String(await connection.readUntil("\n"))).toBe("the last\n");
    server.stdin.write("Q\n");
    expect(await codeOf(connection.read())).toBe("ERR_SOCKWRIGHT_TLS_TRUNCATED");
    expect((await server.exit()).code).toBe(0);
  });

  test("our end: s_server reads close_notify and ends; it sends nothing after it", async (context) => {
    const [server, port] = await startServer(context, files, only(version), "-naccept", "1");
    const connection = await client(port);
    connection.write("the last\n");
    await connection.end();
    await server.line(/the last$/);
    await server.line(/DONE$/);
    expect(await connection.read()).toBeUndefined();
    expect((await server.exit()).code).toBe(0);
    expect(server.stdout).not.toContain("unexpected eof");
  });

  test("its death in mid-stream is a truncated connection, after what came before", async (context) => {
    const [server, port] = await startServer(context, files, only(version));
    const connection = await client(port);
    server.stdin.write("the last\n");
    expect(String(await connection.readUntil("\n"))).toBe("the last\n");
    // The kernel ends the connection of a killed process.
    process.kill(server.pid, "SIGKILL");
    expect(await codeOf(connection.read())).toBe("ERR_SOCKWRIGHT_TLS_TRUNCATED");
  });

  describe("certificates of clients", () => {
    const requiring = (): readonly string[] => [
      "-Verify",
      "1",
      "-verify_return_error",
      "-CAfile",
      files.path("ca.pem"),
    ];

    test("ours is accepted", async (context) => {
      const [server, port] = await startServer(context, files, only(version), ...requiring());
      const connection = await client(port, files.pair("client"));
      connection.write("hello\n");
      await server.line(/hello$/);
      expect(server.stdout).toContain("subject=CN = a client\n");
    });

    // In TLS 1.3 a client has completed its handshake when the server refuses it.
    const outcome = (port: string, options: TlsOptions): Promise<unknown> =>
      codeOf(client(port, options).then((connection) => connection.read()));

    test("none is an error that says so", async (context) => {
      const [, port] = await startServer(context, files, only(version), ...requiring());
      const expected =
        version === "1.2" ? "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE" : "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED";
      expect(await outcome(port, {})).toBe(expected);
    });

    test("one of another authority is an error that says so", async (context) => {
      const [, port] = await startServer(context, files, only(version), ...requiring());
      expect(await outcome(port, files.pair("stranger"))).toBe("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA");
    });
  });

  test.for([
    {
      name: "of another authority",
      server: "localhost",
      options: { ca: "other-ca.pem" },
      code: /^UNABLE_TO_VERIFY_LEAF|^UNABLE_TO_GET_ISSUER/,
    },
    { name: "for another name", server: "other", options: {}, code: /^ERR_TLS_CERT_ALTNAME_INVALID$/ },
    { name: "that has expired", server: "expired", options: {}, code: /^CERT_HAS_EXPIRED$/ },
    { name: "that is self-signed", server: "self-signed", options: {}, code: /^DEPTH_ZERO_SELF_SIGNED_CERT$/ },
    { name: "for clients", server: "client", options: {}, code: /^INVALID_PURPOSE$/ },
    { name: "that was revoked", server: "revoked", options: { crl: "crl.pem" }, code: /^CERT_REVOKED$/ },
  ])("a certificate $name is refused, and nothing is sent", async ({ server: name, options, code }, context) => {
    const [server, port] = await startServer(
      context,
      files,
      only(version),
      ...identityOf(files, name),
      "-naccept",
      "1",
    );
    const paths = Object.fromEntries(Object.entries(options).map(([key, file]) => [key, files.path(file)]));
    const opening = client(port, paths);
    expect(await codeOf(opening)).toMatch(code);
    await server.exit();
    expect(server.stdout).not.toMatch(/hello/);
  });

  test("a pin replaces the check of authority and name", async (context) => {
    const [, port] = await startServer(context, files, only(version), ...identityOf(files, "self-signed"));
    const refusal = await connect(`tls://127.0.0.1:${port}`, { pin: `sha256:${"0".repeat(64)}` }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_PIN" });
    const pin = String(Reflect.get(Object(refusal), "fingerprint"));
    const connection = await connected(`tls://127.0.0.1:${port}`, { pin });
    expect(connection.tls?.fingerprint).toBe(pin);
  });

  test("no protocol in common is an error that says so", async (context) => {
    const [, port] = await startServer(context, files, only(version), "-alpn", "b");
    expect(await codeOf(client(port, { alpn: ["a"] }))).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
  });
});

test("TLS 1.2: a server that wants to renegotiate is refused, and the connection goes on", async (context) => {
  const [server, port] = await startServer(context, files, "-tls1_2", "-legacy_renegotiation");
  const connection = await client(port);
  connection.write("hello\n");
  await server.line(/hello$/);
  server.stdin.write("r\n");
  await server.line(/no renegotiation/);
  expect(await codeOf(connection.read())).toMatch(/^(?:no error|ERR_SOCKWRIGHT_TLS_TRUNCATED|ERR_SSL_\w+)$/);
});

test("TLS 1.3: both sides change their keys", async (context) => {
  const [server, port] = await startServer(context, files, "-tls1_3");
  const connection = await client(port);
  for (const command of ["k", "K"]) {
    server.stdin.write(`${command}\n`);
    connection.write(`before ${command}\n`);
    await server.line(new RegExp(`before ${command}$`));
    server.stdin.write(`after ${command}\n`);
    expect(String(await connection.readUntil("\n"))).toBe(`after ${command}\n`);
  }
});

test.for([
  { what: "TLS 1.1", words: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"] },
  { what: "CBC", words: ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"] },
  { what: "RSA key exchange", words: ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], certificate: "rsa" },
  {
    what: "Diffie-Hellman in finite fields",
    words: ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
    certificate: "rsa",
  },
  { what: "Diffie-Hellman in finite fields, TLS 1.3", words: ["-tls1_3", "-groups", "ffdhe2048"] },
])("a server with nothing but $what is refused", async ({ words, certificate = "localhost" }, context) => {
  const [, port] = await startServer(context, files, ...identityOf(files, certificate), ...words);
  expect(await codeOf(client(port))).toMatch(
    /^ERR_SSL_(?:TLSV1_ALERT_PROTOCOL_VERSION|SSLV3_ALERT_HANDSHAKE_FAILURE|UNSUPPORTED_PROTOCOL)$/,
  );
});

test.for(["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"])(
  "TLS 1.2 with an RSA certificate and %s",
  async (suite, context) => {
    const [server, port] = await startServer(context, files, ...identityOf(files, "rsa"), "-tls1_2", "-cipher", suite);
    const connection = await client(port);
    connection.write("hello\n");
    await server.line(/hello$/);
    expect(connection.tls?.version).toBe("TLSv1.2");
  },
);
