// Certificates with the programs that have to accept them, over the TLS of node:tls.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Server } from "node:net";
import { join } from "node:path";
import { connect, createServer as createTlsServer, type TlsOptions } from "node:tls";
import { chromium } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { authorityPem, newAuthority } from "../../src/certificate/authority.ts";
import { issueLeaf, selfSignedLeaf } from "../../src/certificate/leaf.ts";
import { MAX_CERTIFICATE_NAMES, parseSubjectAltNames } from "../../src/certificate/subject-alt-name.ts";
import { runHere } from "../cli/in-process.ts";
import { BROWSER_TIMEOUT_MS } from "../support/browser.ts";
import { startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/folders.ts";
import { requireTool } from "../support/tools.ts";

const NAMES = ["localhost", "*.example.org", "bücher.example", "127.0.0.1", "::1", "2001:db8::1"];
/** What a client asks for, and whether the certificate is for it. */
const HOSTS = [
  ["localhost", true],
  ["www.example.org", true],
  ["xn--bcher-kva.example", true],
  ["example.org", false],
  ["a.b.example.org", false],
  ["localhost.example", false],
] as const;

interface Made {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  /** The file that a client trusts, and its text. */
  readonly ca: string;
  readonly caText: string;
}

type Kind = "issued" | "self-signed";
const KINDS: readonly Kind[] = ["issued", "self-signed"];

/** Makes a certificate, and the files that other programs read. */
function made(kind: Kind, texts: readonly string[] = NAMES): Made {
  const now = Date.now();
  const folder = temporaryFolder();
  const authority = newAuthority("rose@desk", now);
  const names = parseSubjectAltNames(texts);
  const { cert, key } = kind === "issued" ? issueLeaf(authority, names, now) : selfSignedLeaf(names, now);
  const caText = kind === "issued" ? authorityPem(authority).cert : cert;
  const files = { "cert.pem": cert, "cert.key": key, "ca.pem": caText };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { folder, cert, key, ca: join(folder, "ca.pem"), caText };
}

/** Starts a server of the test on a free port of the loopback interface. */
async function listenLocally(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return Number(Object(server.address()).port);
}

function greeting(options: TlsOptions): Promise<number> {
  const server = createTlsServer(options, (socket) => void socket.on("error", () => undefined).end("hello\n"));
  return listenLocally(server.on("tlsClientError", () => undefined));
}

describe.for(KINDS)("openssl, %s", (kind) => {
  test("openssl verify -x509_strict accepts it for each of its names, and for no other", (context) => {
    const openssl = requireTool(context, "openssl");
    const { folder } = made(kind);
    const verify = (...args: readonly string[]): number | null =>
      spawnSync(openssl, ["verify", "-x509_strict", "-CAfile", "ca.pem", ...args, "cert.pem"], { cwd: folder }).status;
    for (const purpose of ["sslserver", "sslclient"]) expect(verify("-purpose", purpose)).toBe(0);
    for (const [host, isFor] of HOSTS) expect([host, verify("-verify_hostname", host)]).toEqual([host, isFor ? 0 : 2]);
    for (const ip of ["127.0.0.1", "::1", "2001:db8::1"]) expect(verify("-verify_ip", ip)).toBe(0);
    for (const ip of ["127.0.0.2", "::"]) expect(verify("-verify_ip", ip)).toBe(2);
  });

  test("openssl x509 -text shows what is in it", (context) => {
    const openssl = requireTool(context, "openssl");
    const { folder } = made(kind);
    const { stdout } = spawnSync(openssl, ["x509", "-noout", "-text", "-in", "cert.pem"], {
      cwd: folder,
      encoding: "utf8",
    });
    const lines = stdout.split("\n").map((line) => line.trim());
    expect(lines).toContain("Version: 3 (0x2)");
    expect(lines).toContain("ASN1 OID: prime256v1");
    expect(lines.filter((line) => line === "Signature Algorithm: ecdsa-with-SHA256")).toHaveLength(2);
    expect(lines.join("\n")).toContain(
      `X509v3 Basic Constraints: critical\nCA:FALSE\nX509v3 Key Usage: critical\nDigital Signature\n` +
        `X509v3 Extended Key Usage:\nTLS Web Server Authentication, TLS Web Client Authentication\n`,
    );
    expect(lines.includes("X509v3 Authority Key Identifier:")).toBe(kind === "issued");
  });

  test("s_client verifies a server of node:tls", async (context) => {
    const openssl = requireTool(context, "openssl");
    const { folder, cert, key } = made(kind);
    const port = await greeting({ cert, key });
    for (const [host, isFor] of HOSTS) {
      const verifying = ["-CAfile", "ca.pem", "-x509_strict", "-verify_return_error", "-verify_hostname", host];
      const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", host, "-quiet", ...verifying];
      const child = await startChild(openssl, args, { cwd: folder });
      await child.exit();
      expect([host, child.stdout]).toEqual([host, isFor ? "hello\n" : ""]);
    }
  });

  test.for(["-tls1_2", "-tls1_3"])("node:tls verifies s_server %s", async (version, context) => {
    const openssl = requireTool(context, "openssl");
    const { folder, caText } = made(kind);
    const chain = ["-cert", "cert.pem", "-cert_chain", "cert.pem", "-key", "cert.key"];
    const child = await startChild(openssl, ["s_server", "-accept", "127.0.0.1:0", version, ...chain], { cwd: folder });
    const [, port] = await child.line(/^ACCEPT 127\.0\.0\.1:(\d+)$/);
    const client = connect({ host: "127.0.0.1", port: Number(port), ca: caText, servername: "www.example.org" });
    onTestFinished(() => void client.destroy());
    await once(client, "secureConnect");
    expect(client.authorized).toBe(true);
    expect(client.getProtocol()).toBe(version === "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
  });
});

test("the CA itself is one by openssl's strict rules", (context) => {
  const openssl = requireTool(context, "openssl");
  const { folder } = made("issued");
  const verify = ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", "ca.pem", "ca.pem"];
  expect(spawnSync(openssl, verify, { cwd: folder, encoding: "utf8" })).toMatchObject({
    status: 0,
    stdout: "ca.pem: OK\n",
  });
  const { stdout } = spawnSync(openssl, ["x509", "-noout", "-text", "-in", "ca.pem"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stdout.replace(/^ +| +$/gm, "")).toContain(
    "X509v3 Basic Constraints: critical\nCA:TRUE, pathlen:0\nX509v3 Key Usage: critical\nCertificate Sign, CRL Sign\n",
  );
});

test("a certificate with the most names of the longest kind passes a handshake", async (context) => {
  const openssl = requireTool(context, "openssl");
  const names = Array.from({ length: MAX_CERTIFICATE_NAMES }, (_, index) => `${"a.".repeat(124)}a${1_000 + index}`);
  const { folder, cert, key } = made("issued", names);
  const port = await greeting({ cert, key });
  const verifying = ["-CAfile", "ca.pem", "-verify_return_error", "-verify_hostname", names.at(-1) ?? ""];
  const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-quiet", ...verifying];
  const child = await startChild(openssl, args, { cwd: folder });
  await child.exit();
  expect(child.stdout).toBe("hello\n");
});

describe.for(KINDS)("curl, %s", (kind) => {
  test("curl --cacert accepts each name, and no other", async (context) => {
    const curl = requireTool(context, "curl");
    const { cert, key, ca } = made(kind);
    const port = await listenLocally(createServer({ cert, key }, (_, response) => response.end("hello\n")));
    const get = async (host: string, ...args: readonly string[]): Promise<[number | null, string]> => {
      const url = `https://${host}:${port}/`;
      const child = await startChild(curl, ["-sS", "--resolve", `${host}:${port}:127.0.0.1`, ...args, url]);
      return [(await child.exit()).code, child.stdout];
    };
    for (const [host, isFor] of [...HOSTS, ["127.0.0.1", true] as const]) {
      // curl(1): 60 is a certificate that cannot be verified.
      expect([host, ...(await get(host, "--cacert", ca))]).toEqual([host, ...(isFor ? [0, "hello\n"] : [60, ""])]);
    }
    expect(await get("localhost")).toEqual([60, ""]);
  });
});

describe.for(KINDS)("Python's ssl, %s", (kind) => {
  const STRICT = "context.verify_flags |= ssl.VERIFY_X509_STRICT";

  test("as a client it accepts each name, and no other", async (context) => {
    const python = requireTool(context, "python3");
    const { cert, key, ca } = made(kind);
    const port = await greeting({ cert, key });
    const program = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
${STRICT}
for host in sys.argv[3:]:
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as stream:
                print(host, stream.recv(100))
        except ssl.SSLCertVerificationError as error:
            print(host, error.verify_code)
`;
    const hosts = [...HOSTS, ["127.0.0.1", true], ["127.0.0.2", false]] as const;
    const args = ["-c", program, ca, `${port}`, ...hosts.map(([host]) => host)];
    const child = await startChild(python, args);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
    // X509_V_ERR_HOSTNAME_MISMATCH is 62, X509_V_ERR_IP_ADDRESS_MISMATCH 64.
    const refusal = (host: string): string => (host === "127.0.0.2" ? "64" : "62");
    expect(child.stdout.trimEnd().split("\n")).toEqual(
      hosts.map(([host, isFor]) => `${host} ${isFor ? "b'hello\\n'" : refusal(host)}`),
    );
  });

  test("as a server it is accepted by node:tls", async (context) => {
    const python = requireTool(context, "python3");
    const { folder, caText } = made(kind);
    const program = `
import socket, ssl
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("cert.pem", "cert.key")
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True) as stream:
        stream.sendall(b"hello\\n")
        stream.unwrap()
`;
    const child = await startChild(python, ["-c", program], { cwd: folder });
    const [port] = await child.line(/^\d+$/);
    const client = connect({ host: "127.0.0.1", port: Number(port), ca: caText, servername: "localhost" });
    onTestFinished(() => void client.destroy());
    let text = "";
    for await (const chunk of client) text += String(chunk);
    expect(text).toBe("hello\n");
  });
});

test("the same certificate is one of a client, for mutual TLS", async (context) => {
  const curl = requireTool(context, "curl");
  const { folder, cert, key, ca, caText } = made("issued");
  const options = { cert, key, ca: caText, requestCert: true, rejectUnauthorized: true };
  const port = await listenLocally(createServer(options, (_, response) => response.end("hello\n")));
  const get = async (...args: readonly string[]): Promise<string> => {
    const child = await startChild(curl, ["-sS", "--cacert", ca, ...args, `https://127.0.0.1:${port}/`], {
      cwd: folder,
    });
    await child.exit();
    return child.stdout;
  };
  expect(await get("--cert", "cert.pem", "--key", "cert.key")).toBe("hello\n");
  expect(await get()).toBe("");
});

describe("Chromium", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("it opens a page once the printed command has made it trust the CA, and not before", async (context) => {
    const executablePath = spawnSync("which", [requireTool(context, "chromium")], { encoding: "utf8" }).stdout.trim();
    requireTool(context, "certutil");
    const folder = temporaryFolder();
    const home = temporaryFolder();
    const { stdout } = await runHere(["cert", "--out", folder, "localhost", "127.0.0.1"]);
    const [, command = ""] = /^ *Chromium +(.*)$/m.exec(stdout) ?? [];
    const [cert, key] = ["localhost.pem", "localhost.key"].map((name) => readFileSync(join(folder, name)));
    const port = await listenLocally(createServer({ cert, key }, (_, response) => response.end("hello")));
    const env = { PATH: process.env["PATH"], HOME: home };
    const open = async (host: string): Promise<string | null> => {
      const args = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
      const browser = await chromium.launch({ executablePath, args, env });
      try {
        const page = await browser.newPage();
        await page.goto(`https://${host}:${port}/`);
        return await page.textContent("body");
      } finally {
        await browser.close();
      }
    };
    await expect(open("localhost")).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
    expect(spawnSync("sh", ["-c", command], { env, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    for (const host of ["localhost", "127.0.0.1"]) expect(await open(host)).toBe("hello");
  });
});
