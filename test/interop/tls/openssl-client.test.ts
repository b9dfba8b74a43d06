// openssl s_client as the client of our listeners.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import { certificates } from "../../support/certificates.ts";
import type { Child } from "../../support/child.ts";
import { until } from "../../support/until.ts";
import { identityOf, only, startClient, startServer } from "./openssl.ts";
import { echoAndGoodbye, firstError, heardOf, securing, variants, versions } from "./securing.ts";

const files = certificates();

/** Types a line; returns once its echo has come. s_client may put it into the middle of a line of its report. */
async function echoed(client: Child, text: string): Promise<void> {
  client.stdin.write(`${text}\n`);
  await client.line(new RegExp(`${text}$`));
}

describe.for(variants)("$name", ({ version, detectTruncation }) => {
  test("SNI, ALPN, and the end of the client", async (context) => {
    const { service, heard } = echoAndGoodbye();
    const [first, second] = [files.pair("localhost"), files.pair("other")];
    const pairs = { cert: [first.cert, second.cert], key: [first.key, second.key] };
    const { port, errors } = await securing(files, service, { ...pairs, alpn: ["b", "a"], detectTruncation });
    const names = ["-servername", "other.example", "-verify_hostname", "other.example"];
    const client = await startClient(context, files, port, only(version), ...names, "-alpn", "x,a,b");
    await client.line(/^ *0 s:CN = other\.example$/);
    await client.line(/^ALPN protocol: b$/);
    await echoed(client, "hello");
    client.stdin.end();
    await client.line(/^DONE$/);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    const [{ tls, text, end } = { tls: undefined, text: "", end: "" }] = await heardOf(heard);
    expect({ text, end }).toEqual({ text: "hello\n", end: "end" });
    expect(tls).toMatchObject({
      version: `TLSv${version}`,
      serverName: "other.example",
      alpn: "b",
      peerCertificate: undefined,
    });
    expect(errors).toEqual([]);
  });

  test("no protocol in common is an alert", async (context) => {
    const place = await securing(files, echoAndGoodbye().service, { alpn: ["a"], detectTruncation });
    const client = await startClient(context, files, place.port, only(version), "-alpn", "b");
    await client.line(/alert no application protocol/);
    expect(await client.exit()).toMatchObject({ code: 1 });
    expect(await firstError(place)).toBe("ERR_SSL_NO_APPLICATION_PROTOCOL");
  });

  describe("a listener that requires certificates", () => {
    const requiring = (): ServeOptions => ({ ca: files.path("ca.pem"), client: "require", detectTruncation });

    test("accepts a valid one", async (context) => {
      const { service, heard } = echoAndGoodbye();
      const { port, errors } = await securing(files, service, requiring());
      const client = await startClient(context, files, port, only(version), ...identityOf(files, "client"));
      await echoed(client, "hello");
      client.stdin.end();
      expect(await client.exit()).toMatchObject({ code: 0 });
      const [{ tls } = { tls: undefined }] = await heardOf(heard);
      expect([tls?.peerCertificate?.subject, errors]).toEqual(["CN=a client", []]);
    });

    test("refuses a client without one by an alert", async (context) => {
      const { service, heard } = echoAndGoodbye();
      const place = await securing(files, service, requiring());
      const client = await startClient(context, files, place.port, only(version));
      await client.line(version === "1.2" ? /alert handshake failure/ : /alert certificate required/);
      expect(await client.exit()).toMatchObject({ code: 1 });
      expect(await firstError(place)).toBe("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
      expect(heard).toEqual([]);
    });

    test("refuses one of another authority", async (context) => {
      const { service, heard } = echoAndGoodbye();
      const place = await securing(files, service, requiring());
      const client = await startClient(context, files, place.port, only(version), ...identityOf(files, "stranger"));
      // errno(3): ECONNRESET where the reset came after the handshake of the client.
      const { code } = await client.exit();
      expect([1, 104]).toContain(code);
      expect(await firstError(place)).toMatch(/^UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)$/);
      expect(heard).toEqual([]);
    });
  });

  test("our end: s_client takes close_notify for the end of both directions, and ends with its own", async (context) => {
    const heard: unknown[] = [];
    const service = async (connection: Connection): Promise<void> => {
      heard.push(String(await connection.readUntil("\n")));
      connection.write("the end\n");
      await connection.end();
      heard.push(await connection.read());
    };
    const { port, errors } = await securing(files, service, { detectTruncation });
    const client = await startClient(context, files, port, only(version));
    client.stdin.write("hello\n");
    await client.line(/the end$/);
    await client.line(/closed$/);
    expect(await client.exit()).toMatchObject({ code: 0 });
    await until(() => heard.length === 2, "the end of s_client");
    expect([heard, errors]).toEqual([["hello\n", undefined], []]);
  });

  test("sessions are resumed, also after a reload", async (context) => {
    const session = join(files.folder, `session-${version}-${detectTruncation}`);
    const { service } = echoAndGoodbye();
    const { server, port, errors } = await securing(files, service, { detectTruncation });
    const first = await startClient(context, files, port, only(version), "-sess_out", session);
    await first.line(/^New, TLSv/);
    // In TLS 1.3 the tickets come behind the handshake, before the echo.
    await echoed(first, "hello");
    first.stdin.end();
    await first.exit();
    for (const isReloaded of [false, true]) {
      if (isReloaded) await server.reload();
      const next = await startClient(context, files, port, only(version), "-sess_in", session);
      await next.line(/^Reused, TLSv/);
      await echoed(next, "again");
      next.stdin.end();
      expect(await next.exit()).toMatchObject({ code: 0 });
    }
    expect(errors).toEqual([]);
  });

  test("a request for the certificate's status gets no answer, and no harm", async (context) => {
    const { port, errors } = await securing(files, echoAndGoodbye().service, { detectTruncation });
    const client = await startClient(context, files, port, only(version), "-status");
    await client.line(/^OCSP response: no response sent$/);
    await echoed(client, "hello");
    expect(errors).toEqual([]);
  });

  test("small records, and no tickets", async (context) => {
    const words = ["-max_send_frag", "512", "-no_ticket"];
    const { port, errors } = await securing(files, echoAndGoodbye().service, { detectTruncation });
    const client = await startClient(context, files, port, only(version), ...words);
    await echoed(client, "0123456789".repeat(300));
    expect(errors).toEqual([]);
  });
});

describe.for([false, true])("detectTruncation: %s", (detectTruncation) => {
  test("TLS 1.2: renegotiation is refused", async (context) => {
    const { service, heard } = echoAndGoodbye();
    const { port } = await securing(files, service, { detectTruncation });
    const client = await startClient(context, files, port, "-tls1_2");
    await echoed(client, "hello");
    client.stdin.write("R\n");
    await client.line(/^RENEGOTIATING$/);
    await client.line(/no renegotiation/);
    expect(await client.exit()).toMatchObject({ code: 1 });
    const [{ text } = { text: "" }] = await heardOf(heard);
    expect(text).toBe("hello\n");
  });

  test("TLS 1.3: both sides change their keys", async (context) => {
    const { port, errors } = await securing(files, echoAndGoodbye().service, { detectTruncation });
    const client = await startClient(context, files, port, "-tls1_3");
    await echoed(client, "hello");
    // `k` changes the client's keys, `K` asks for the server's, too.
    for (const command of ["k", "K", "K"]) {
      client.stdin.write(`${command}\n`);
      await client.line(/^KEYUPDATE$/);
      await echoed(client, `after ${command}`);
    }
    expect(errors).toEqual([]);
  });

  test("TLS 1.3: early data is not offered, and passed over when it comes all the same", async (context) => {
    const session = join(files.folder, `early-${detectTruncation}`);
    const early = join(files.folder, "early-data");
    writeFileSync(early, "too early\n");
    const { service, heard } = echoAndGoodbye();
    const { port, errors } = await securing(files, service, { detectTruncation });
    // A session of another server, which allows early data: the client sends it, and ours cannot read the ticket.
    const [, other] = await startServer(context, files, "-early_data", "-tls1_3");
    const giver = await startClient(context, files, other, "-tls1_3", "-sess_out", session);
    await until(() => existsSync(session), "a session of s_server");
    giver.stdin.end();
    await giver.exit();
    const words = ["-tls1_3", "-sess_in", session, "-early_data", early];
    const client = await startClient(context, files, port, ...words);
    await client.line(/^Early data was rejected$/);
    await echoed(client, "hello");
    client.stdin.end();
    const [{ text } = { text: "" }] = await heardOf(heard);
    expect([text, errors]).toEqual(["hello\n", []]);
  });
});

interface Refusal {
  readonly what: string;
  readonly words: readonly string[];
  readonly alert: RegExp;
  readonly code: string;
  readonly options?: ServeOptions;
}

const OLD = ["-cipher", "ALL:@SECLEVEL=0"];
const refusals: readonly Refusal[] = [
  ...["-tls1", "-tls1_1"].map((word) => ({
    what: `only ${word}`,
    words: [word, ...OLD],
    alert: /alert protocol version/,
    code: "ERR_SSL_UNSUPPORTED_PROTOCOL",
  })),
  ...[
    ["CBC", "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA"],
    ["RSA key exchange", "AES128-GCM-SHA256:AES256-GCM-SHA384"],
    ["Diffie-Hellman in finite fields", "DHE-RSA-AES128-GCM-SHA256"],
    ["CCM", "ECDHE-ECDSA-AES128-CCM"],
    ["no authentication", "aNULL:@SECLEVEL=0"],
  ].map(([name, ciphers = ""]) => ({
    what: `only suites with ${name}`,
    words: ["-tls1_2", "-cipher", ciphers],
    alert: /alert handshake failure/,
    code: "ERR_SSL_NO_SHARED_CIPHER",
  })),
  {
    what: "only Diffie-Hellman in finite fields, TLS 1.3",
    words: ["-tls1_3", "-groups", "ffdhe2048:ffdhe8192"],
    alert: /alert handshake failure/,
    code: "ERR_SSL_NO_SUITABLE_KEY_SHARE",
  },
  {
    what: "only TLS 1.2, on a listener with min=1.3",
    words: ["-tls1_2"],
    alert: /alert protocol version/,
    code: "ERR_SSL_UNSUPPORTED_PROTOCOL",
    options: { min: "1.3" },
  },
];

describe.for(["localhost", "rsa"])("refused on a listener with the certificate %s", (name) => {
  test.for(refusals)("$what", async ({ words, alert, code, options = {} }, context) => {
    const { service, heard } = echoAndGoodbye();
    const place = await securing(files, service, { ...files.pair(name), ...options });
    const client = await startClient(context, files, place.port, ...words);
    await client.line(alert);
    expect(await client.exit()).toMatchObject({ code: 1 });
    expect([await firstError(place), heard]).toEqual([code, []]);
  });
});

test.for(versions)(
  "TLS %s: an RSA certificate, each group and each suite that is allowed",
  async (version, context) => {
    const { port, errors } = await securing(files, echoAndGoodbye().service, files.pair("rsa"));
    const suites =
      version === "1.2"
        ? ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"]
        : ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
    const option = version === "1.2" ? "-cipher" : "-ciphersuites";
    for (const [index, group] of ["X25519", "P-256", "P-384"].entries()) {
      const suite = suites[index] ?? "";
      const words = [only(version), option, suite, "-groups", group];
      const client = await startClient(context, files, port, ...words);
      await client.line(new RegExp(`^New, TLSv${version}, Cipher is ${suite}$`));
      await echoed(client, "hello");
      client.stdin.end();
      expect(await client.exit()).toMatchObject({ code: 0 });
    }
    expect(errors).toEqual([]);
  },
);
