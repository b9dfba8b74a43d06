// A file that cannot be used is refused before anything is opened, with one line that names the option and the file.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connect, parseSocketUrl, type ServeOptions, serve, TlsOptionError } from "../../../src/server.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { freePath } from "../../support/folders.ts";
import { openDescriptors } from "../../support/open-descriptors.ts";
import { echo, serving } from "../../support/serving.ts";

const files = certificates();
const { path } = files;
const own = files.pair("localhost");
const key = path("p256.key");
const missing = join(files.folder, "missing");
const folder = join(files.folder, "folder");
mkdirSync(folder);

async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "no error",
    (error: unknown) => error,
  );
}

type Row = [what: string, options: ServeOptions, option: string, message: string];

const OF_A_PAIR: readonly Row[] = [
  ["a certificate that is missing", { cert: missing, key }, "cert", `cert "${missing}": there is no such file`],
  ["a key that is missing", { ...own, key: missing }, "key", `key "${missing}": there is no such file`],
  ["a folder", { cert: folder, key }, "cert", `cert "${folder}": it is a folder`],
  ["a device", { cert: "/dev/null", key }, "cert", 'cert "/dev/null": it is no regular file'],
  ["an empty file", { cert: path("empty.pem"), key }, "cert", `cert "${path("empty.pem")}": it is no PEM file`],
  [
    "a DER file",
    { cert: path("localhost.der"), key },
    "cert",
    `cert "${path("localhost.der")}": it is DER: convert it to PEM with openssl, -inform der`,
  ],
  [
    "the key of another certificate",
    { ...own, key: path("another.key") },
    "key",
    `key "${path("another.key")}": it is not the key of cert "${own.cert}"`,
  ],
  [
    "a key with a passphrase",
    { ...own, key: path("encrypted.key") },
    "key",
    `key "${path("encrypted.key")}": it is encrypted with a passphrase, which nobody could type here; write it without one: openssl pkey -in KEY -out PLAIN`,
  ],
  [
    "a key with a passphrase in the old form",
    { ...own, key: path("encrypted-by-header.key") },
    "key",
    "it is encrypted with a passphrase",
  ],
  [
    "a chain that begins with the authority",
    { ...files.pair("reversed") },
    "cert",
    `cert "${path("reversed.pem")}": its certificates are in the wrong order: the one of the key is number 2, and has to be the first`,
  ],
  [
    "a chain of certificates that do not belong together",
    { ...files.pair("broken-chain") },
    "cert",
    `cert "${path("broken-chain.pem")}": certificate 2 of it did not sign certificate 1: write first the server's own, then the one that signed it, and so on`,
  ],
  [
    "a key in place of the certificate",
    { cert: key, key },
    "cert",
    `cert "${key}": it has no certificate, but: private key`,
  ],
  [
    "a certificate in place of the key",
    { ...own, key: own.cert },
    "key",
    `key "${own.cert}": it has no private key, but: certificate`,
  ],
  [
    "a certificate that is cut",
    { cert: files.bytes("localhost.pem").subarray(0, 300), key },
    "cert",
    "cert: it has a certificate that is cut",
  ],
  [
    "a certificate with other bytes",
    { cert: Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key },
    "cert",
    "cert: it has a broken certificate",
  ],
  [
    "a key with other bytes",
    { ...own, key: Buffer.from("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") },
    "key",
    "key: it has no usable private key",
  ],
  [
    "a certificate without a key",
    { cert: own.cert },
    "key",
    "each cert needs a key: give key once for each cert, in the same order",
  ],
  [
    "a key without a certificate",
    { key },
    "cert",
    "each key needs a cert: give cert once for each key, in the same order",
  ],
  [
    "authorities that are missing",
    { ...own, client: "require", ca: missing },
    "ca",
    `ca "${missing}": there is no such file`,
  ],
  [
    "authorities that are empty",
    { ...own, client: "require", ca: path("empty.pem") },
    "ca",
    `ca "${path("empty.pem")}": it is no PEM file`,
  ],
  [
    "authorities that are a list",
    { ...own, client: "require", ca: path("crl.pem") },
    "ca",
    `ca "${path("crl.pem")}": it has no certificate, but: x509 crl`,
  ],
  [
    "a list that is missing",
    { ...own, client: "require", ca: path("ca.pem"), crl: missing },
    "crl",
    `crl "${missing}": there is no such file`,
  ],
  [
    "a list that is a certificate",
    { ...own, client: "require", ca: path("ca.pem"), crl: path("ca.pem") },
    "crl",
    `crl "${path("ca.pem")}": it has no list of revoked certificates, but: certificate`,
  ],
  [
    "a list with other bytes",
    {
      ...own,
      client: "require",
      ca: path("ca.pem"),
      crl: Buffer.from("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
    },
    "crl",
    "crl: it has a broken list",
  ],
  [
    "authorities with other bytes",
    { ...own, client: "require", ca: Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") },
    "ca",
    "ca: it has a broken certificate",
  ],
];

const OF_SERVERS: readonly Row[] = [
  ["no certificate", {}, "cert", "a TLS server needs cert and key, the paths of two PEM files"],
  [
    "a server name",
    { ...own, servername: "localhost" },
    "servername",
    "servername is for clients: a server has the names of its certificates",
  ],
  [
    "authorities without a question",
    { ...own, ca: path("ca.pem") },
    "ca",
    "ca is for certificates of clients: add client=require, or client=ask",
  ],
  [
    "a list without a question",
    { ...own, crl: path("crl.pem") },
    "crl",
    "crl is for certificates of clients: add client=require, or client=ask",
  ],
  [
    "a pin without a question",
    { ...own, pin: `sha256:${"0".repeat(64)}` },
    "pin",
    "pin is for certificates of clients: add client=require, or client=ask",
  ],
  [
    "a question without an authority",
    { ...own, client: "require" },
    "client",
    "client=require needs ca, the authorities of the clients' certificates, or pin",
  ],
];

describe("a server refuses", () => {
  test.for([...OF_A_PAIR, ...OF_SERVERS])("%s, and opens nothing", async ([, options, option, message]) => {
    const socket = freePath();
    const before = openDescriptors();
    const error = await rejectionOf(serve(`tls+unix:${socket}`, () => undefined, options));
    expect(error).toBeInstanceOf(TlsOptionError);
    expect(error).toMatchObject({ name: "TlsOptionError", code: "ERR_SOCKWRIGHT_TLS_OPTION", option });
    expect(error).toMatchObject({ message: expect.stringContaining(message) as string });
    expect(String(error)).not.toContain("\n");
    expect([existsSync(socket), openDescriptors()]).toEqual([false, before]);
  });

  test("the second of two listeners, and opens neither", async () => {
    const socket = freePath();
    const error = await rejectionOf(
      serve([`unix:${socket}`, { url: "tls://127.0.0.1:0", ...own, key: missing }], () => undefined),
    );
    expect(error).toBeInstanceOf(TlsOptionError);
    expect(existsSync(socket)).toBe(false);
  });

  test.for(["cert", "key", "ca", "crl", "client", "alpn", "min", "servername", "pin", "detectTruncation"])(
    "%s on a listener without TLS",
    async (name) => {
      const values: Record<string, unknown> = {
        client: "ask",
        alpn: ["a"],
        min: "1.3",
        pin: `sha256:${"0".repeat(64)}`,
        detectTruncation: true,
      };
      const options = { [name]: values[name] ?? own.cert };
      const error = await rejectionOf(serve({ url: "tcp://127.0.0.1:0", ...options }, () => undefined));
      expect(error).toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
      expect(String(error)).toContain(`listener.${name}`);
      expect(String(error)).toContain("is for listeners with TLS only, such as tls: and https:");
    },
  );

  test("an option that is in the URL, too", async () => {
    const url = `tls://127.0.0.1:0?cert=${own.cert}&key=${own.key}`;
    expect(parseSocketUrl(url)).toMatchObject({ cert: [own.cert] });
    expect(await rejectionOf(serve({ url, cert: own.cert }, () => undefined))).toMatchObject({
      code: "ERR_INVALID_ARG_VALUE",
    });
  });
});

describe("a client refuses", () => {
  const ca = path("ca.pem");

  test.for([
    ...OF_A_PAIR.filter(([, options]) => options.client === undefined).map(
      ([what, options, option, message]) => [what, { ...options, ca }, option, message] as Row,
    ),
    ["authorities that are missing", { ca: missing }, "ca", `ca "${missing}": there is no such file`],
    ["a list that is a certificate", { ca, crl: ca }, "crl", "it has no list of revoked certificates"],
    ["a question", { ca, client: "ask" }, "client", "client is for servers: a client always checks its server"],
    [
      "two certificates",
      { ca, cert: [own.cert, own.cert], key: [key, key] },
      "cert",
      "a client has one certificate: give cert and key once",
    ],
  ] as Row[])("%s, and connects to nothing", async ([, options, option, message]) => {
    let accepted = 0;
    const server = await serving(() => void accepted++, own, "tls://127.0.0.1:0");
    const [url = ""] = server.urls;
    const error = await rejectionOf(connect({ ...(options as object), url }));
    expect(error).toBeInstanceOf(TlsOptionError);
    expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_OPTION", option });
    expect(error).toMatchObject({ message: expect.stringContaining(message) as string });
    expect([accepted, server.stats().handshakesFailed.lost]).toEqual([0, 0]);
  });

  test.for(["target", "options"])("an option of TLS for a URL without, given as %s", async (place) => {
    const url = "tcp://127.0.0.1:9";
    const error = await rejectionOf(place === "target" ? connect({ url, ca }) : connect(url, { ca }));
    expect(error).toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
    expect(String(error)).toContain(`${place}.ca`);
  });

  test("a file of SSL_CERT_FILE that is missing", async () => {
    const server = await serving(() => undefined, own, "tls://127.0.0.1:0");
    const before = process.env["SSL_CERT_FILE"];
    process.env["SSL_CERT_FILE"] = missing;
    try {
      const error = await rejectionOf(connect(server.urls[0] ?? ""));
      expect(error).toMatchObject({
        code: "ERR_SOCKWRIGHT_TLS_OPTION",
        message: `ca "${missing}": there is no such file`,
      });
    } finally {
      if (before === undefined) delete process.env["SSL_CERT_FILE"];
      else process.env["SSL_CERT_FILE"] = before;
    }
  });
});

test("the authorities of SSL_CERT_FILE are those of the system", async () => {
  const server = await serving(echo, own, "tls://127.0.0.1:0");
  const before = process.env["SSL_CERT_FILE"];
  process.env["SSL_CERT_FILE"] = path("ca.pem");
  try {
    const client = await connected(server);
    expect(await echoOf(client)).toBe("hello");
  } finally {
    if (before === undefined) delete process.env["SSL_CERT_FILE"];
    else process.env["SSL_CERT_FILE"] = before;
  }
  await expect(connected(server)).rejects.toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
});

test("files with text before their blocks, with CRLF, and with a bag of attributes are accepted", async () => {
  const text = String(files.bytes("localhost.pem"));
  const strange = join(files.folder, "strange.pem");
  writeFileSync(strange, `Bag Attributes\r\n    friendlyName: x\r\n${text.replaceAll("\n", "\r\n")}`);
  const both = join(files.folder, "both.pem");
  writeFileSync(both, `${files.bytes("p256.key")}${text}`);
  for (const options of [
    { cert: strange, key },
    { cert: both, key: both },
  ]) {
    const server = await serving(echo, options, "tls://127.0.0.1:0");
    const client = await connected(server, { ca: path("ca.pem") });
    expect(await echoOf(client)).toBe("hello");
  }
});
