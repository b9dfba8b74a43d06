// `connect`, `listen` and `tls` over TLS, as a user runs them, with openssl and Python as peers.
import { randomBytes } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { certificates } from "../support/certificates.ts";
import { startChild } from "../support/child.ts";
import { connected } from "../support/connected.ts";
import { echo, serving, urlOf } from "../support/serving.ts";
import { sha256 } from "../support/sha256.ts";
import { requireTool } from "../support/tools.ts";
import { freeFolder, start, startInShell, startListener } from "./sockwright.ts";

const files = certificates();
const ca = files.path("ca.pem");
const own = `cert=${files.path("localhost.pem")}&key=${files.path("p256.key")}`;
const LISTENER = `tls://127.0.0.1:0?${own}`;

function at(url: string, query: string): string {
  return `tls://localhost:${new URL(url).port}${query}`;
}

test("both ends transfer 8 MiB in each direction", async () => {
  const folder = freeFolder();
  const path = join(folder, "file");
  writeFileSync(path, randomBytes(8 * 1024 * 1024));
  const listener = await startInShell(
    'sockwright listen "$1" <"$2" 2>"$3/said" >"$3/listened"',
    LISTENER,
    path,
    folder,
  );
  let url: string | undefined;
  await expect
    .poll(() => {
      [, url] = /^listening on (.+)$/m.exec(readFileSync(join(folder, "said"), "utf8")) ?? [];
      return url;
    })
    .toBeDefined();
  const sender = await startInShell(
    'sockwright connect "$1" <"$2" >"$3/received"',
    at(url ?? "", `?ca=${ca}`),
    path,
    folder,
  );
  expect(await sender.exit()).toEqual({ code: 0, signal: null });
  expect(await listener.exit()).toEqual({ code: 0, signal: null });
  const wanted = sha256(readFileSync(path));
  expect(sha256(readFileSync(join(folder, "received")))).toBe(wanted);
  expect(sha256(readFileSync(join(folder, "listened")))).toBe(wanted);
});

describe("a server that is refused: exit code 4, at most three lines, nothing printed", () => {
  test.each<[string, string, string, RegExp, string?]>([
    [
      "an unknown authority",
      "localhost",
      "",
      /the authority that signed the peer's certificate is not known|is not trusted/,
      "; to trust its authority, add to the URL: ?ca=FILE",
    ],
    [
      "another authority",
      "localhost",
      `?ca=${files.path("other-ca.pem")}`,
      /the authority that signed the peer's certificate is not known/,
      "; its authority is not in the file of ca",
    ],
    [
      "an unknown authority, with another option",
      "localhost",
      "?min=1.3",
      /the authority that signed the peer's certificate is not known/,
      "; to trust its authority, add to the URL: &ca=FILE",
    ],
    [
      "another name",
      "other",
      `?ca=${ca}`,
      /is for another name, not for localhost \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
      "; its names are DNS:other.example",
    ],
    ["expired", "expired", `?ca=${ca}`, /has expired \(CERT_HAS_EXPIRED\)/],
    ["self-signed", "self-signed", `?ca=${ca}`, /is self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
    ["revoked", "revoked", `?ca=${ca}&crl=${files.path("crl.pem")}`, /was revoked \(CERT_REVOKED\)/],
    ["another pin", "localhost", `?pin=sha256:${"0".repeat(64)}`, /another certificate than the pinned one/],
  ])("%s", async (_, name, query, words, further = "") => {
    const key = files.path("p256.key");
    const server = await serving(
      (connection) => void connection.write("secret"),
      {
        cert: files.path(`${name}.pem`),
        key,
      },
      "tls://127.0.0.1:0",
    );
    const child = await startInShell('echo mine | sockwright connect "$1"', at(urlOf(server), query));
    expect(await child.exit()).toEqual({ code: 4, signal: null });
    expect(child.stdout).toBe("");
    const lines = child.stderr.trimEnd().split("\n");
    expect(lines[0]).toMatch(words);
    expect(lines).toHaveLength(3);
    expect(lines[1]?.replace(/[\da-f]{64}/, "HEX")).toBe(`  its certificate is sha256:HEX${further}`);
    // The advice is what accepts it: with ca both would have to hold.
    const others = ["ca", "crl", "pin"].filter((each) => query.includes(`${each}=`)).join(" and ");
    const how =
      others === "" ? `add to the URL: ${query === "" ? "?" : "&"}` : `write in the URL in place of ${others}: `;
    const [, said, pin = ""] = /^(.+)pin=(sha256:[\da-f]{64})$/.exec(lines.at(-1) ?? "") ?? [];
    expect(said).toBe(`  to accept exactly this one, ${how}`);
    const pinned = await startInShell('sockwright connect "$1" </dev/null', at(urlOf(server), `?pin=${pin}`));
    expect(await pinned.exit()).toEqual({ code: 0, signal: null });
    expect(pinned.stdout).toBe("secret");
  });
});

describe("exit codes", () => {
  test.each<[string, string, RegExp]>([
    ["a missing file", "?ca=missing.pem", /ca "missing\.pem": there is no such file/],
    [
      "a key of another certificate",
      `?cert=${files.path("client.pem")}&key=${files.path("another.key")}`,
      /it is not the key of cert/,
    ],
    ["a key with a passphrase", `?cert=${files.path("client.pem")}&key=${files.path("encrypted.key")}`, /passphrase/],
    ["a wrong fingerprint", "?pin=sha256:00", /64 hexadecimal digits/],
  ])("2: %s", async (_, query, words) => {
    const child = await start("connect", `tls://localhost:1${query}`);
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stderr).toMatch(words);
    expect(child.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test.each([
    [
      "connect",
      "tls",
      ": for a server without TLS write tcp:// in place of tls://; some protocols begin TLS later, after STARTTLS\n",
    ],
    ["tls", "https", ": for a server without TLS write http:// in place of https://\n"],
  ])("4: %s: a peer that speaks no TLS, with the URL to write", async (command, scheme, advice) => {
    const server = await serving((connection) => void connection.write("220 ready\r\n"));
    const child = await start(command, at(urlOf(server), `?ca=${ca}`).replace("tls", scheme));
    expect(await child.exit()).toEqual({ code: 4, signal: null });
    expect(child.stderr).toContain(`the peer does not speak TLS (ERR_SSL_WRONG_VERSION_NUMBER)${advice}`);
  });

  test("4: a peer at a Unix socket that speaks no TLS", async () => {
    const path = join(freeFolder(), "socket");
    await serving((connection) => void connection.write("220 ready\r\n"), {}, `unix:${path}`);
    const child = await start("connect", `tls+unix:${path}?ca=${ca}&servername=localhost`);
    expect(await child.exit()).toEqual({ code: 4, signal: null });
    expect(child.stderr).toContain(": for a server without TLS write unix: in place of tls+unix:; some");
  });

  test("3: a peer that does not answer the handshake", async () => {
    const server = await serving(async (connection) => void (await connection.readExactly(1_000_000)));
    const child = await start("connect", at(urlOf(server), `?ca=${ca}&handshake-timeout=100ms`));
    expect(await child.exit()).toEqual({ code: 3, signal: null });
  });

  test("3: --connect-timeout is for the handshake, too", async () => {
    const server = await serving(async (connection) => void (await connection.readExactly(1_000_000)));
    const url = at(urlOf(server), `?ca=${ca}&handshake-timeout=3600s`);
    const child = await start("connect", url, "--connect-timeout", "100ms");
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(child.stderr).toBe(`sockwright: ${url}: no connection within 100 ms (--connect-timeout)\n`);
  });

  test.for(["TLSv1_2", "TLSv1_3"])(
    "4: a connection cut without close_notify, %s, after what came is printed",
    async (version, context) => {
      const python = requireTool(context, "python3");
      const program = `
import socket, ssl, sys
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(sys.argv[1], sys.argv[2])
c.minimum_version = c.maximum_version = ssl.TLSVersion.${version}
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
t = c.wrap_socket(s.accept()[0], server_side=True); t.sendall(b"a part\\n")
raw = socket.socket(fileno=t.detach()); raw.shutdown(socket.SHUT_WR); raw.recv(100000)
`;
      const child = await startChild(python, ["-c", program, files.path("localhost.pem"), files.path("p256.key")]);
      const [port = ""] = await child.line(/^\d+$/);
      const client = await startInShell('sockwright connect "$1" </dev/null', `tls://localhost:${port}?ca=${ca}`);
      expect(await client.exit()).toEqual({ code: 4, signal: null });
      expect(client.stdout).toBe("a part\n");
      expect(client.stderr).toMatch(/without the end of TLS/);
      await child.exit();
    },
  );
});

test("listen --keep-open: a client that is refused, or speaks no TLS, ends no other", async () => {
  const { child, url } = await startListener("--keep-open", LISTENER);
  const good = await connected(at(url, `?ca=${ca}`));
  good.write("first\n");
  await child.line(/^first$/);
  await connected(at(url, "?pin=sha256:".padEnd(76, "0"))).catch(() => undefined);
  const plain = await connected(`tcp://127.0.0.1:${new URL(url).port}`);
  plain.write("GET / HTTP/1.1\r\n\r\n");
  await child.line(/the peer speaks HTTP without TLS/);
  good.write("second\n");
  await child.line(/^second$/);
  await good.close();
  child.kill("SIGINT");
  expect(await child.exit()).toEqual({ code: 130, signal: null });
});

test("connect begins with a PROXY header, and TLS follows it", async () => {
  const server = await serving(
    (connection) => void connection.write(`${connection.proxy?.version} ${connection.tls?.version}`),
    { cert: files.path("localhost.pem"), key: files.path("p256.key"), proxyFrom: "127.0.0.0/8" },
    "tls://127.0.0.1:0",
  );
  const child = await startInShell('sockwright connect "$1" </dev/null', at(urlOf(server), `?ca=${ca}&proxy-send=v2`));
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toBe("2 TLSv1.3");
});

describe("sockwright tls", () => {
  const options = { cert: files.path("localhost.pem"), key: files.path("p256.key") };

  test("shows what was negotiated, and the chain", async () => {
    const server = await serving(echo, { ...options, alpn: ["x"] }, "tls://127.0.0.1:0");
    const child = await start("tls", at(urlOf(server), `?ca=${ca}&alpn=x`));
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/: TLSv1\.3, TLS_[A-Z0-9_]+, ALPN x\n/);
    expect(child.stdout).toMatch(/^names +localhost, 127\.0\.0\.1/m);
    expect(child.stdout).toMatch(/^valid +\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, \d+ days left$/m);
    expect(child.stdout).toMatch(/^fingerprint +sha256:[\da-f]{64}$/m);
    expect(child.stderr).toBe("");
  });

  test("shows a certificate that is refused, also as JSON, with exit code 4", async () => {
    const server = await serving(echo, options, "tls://127.0.0.1:0");
    const child = await start("tls", at(urlOf(server), ""), "--json");
    expect(await child.exit()).toEqual({ code: 4, signal: null });
    const shown: unknown = JSON.parse(child.stdout);
    expect(shown).toMatchObject({ accepted: false, chain: [{ names: expect.stringContaining("localhost") }] });
    expect(JSON.parse(child.stderr)).toMatchObject({ event: "error", exitCode: 4 });
  });

  test("--connect-timeout: with a shorter time than by default, 10 s, a silent server is exit code 3", async () => {
    const server = await serving(async (connection) => void (await connection.readExactly(1_000_000)));
    const child = await start("tls", at(urlOf(server), ""), "--connect-timeout", "50ms");
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    const help = await start("tls", "--help");
    expect(await help.exit()).toEqual({ code: 0, signal: null });
    expect(help.stdout).toContain("(default: 10s)");
  });

  test.each([
    ["a URL without TLS", "tcp://127.0.0.1:1", /has no TLS: write tls:\/\/127\.0\.0\.1:1/],
    ["no scheme", "localhost:443", /"localhost:443" has no scheme: write tls:\/\/localhost:443$/m],
    ["a name alone", "example.org", /"example.org" has no scheme: write tls:\/\/example\.org:443$/m],
  ])("%s: exit code 2", async (_, url, words) => {
    const child = await start("tls", url);
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stderr).toMatch(words);
  });
});

describe("SIGHUP to a server with TLS: new connections get the new certificate, open ones go on, a bad file changes nothing", () => {
  const READ = /the certificates were read again|certificates-reloaded/;
  const REFUSED = /the certificates were not read again, and nothing has changed: .*cert\.pem|certificates-refused/;

  test.for<[string, (url: string, target: string) => readonly string[], RegExp]>([
    ["greet", (url) => ["greet", "--listen", url], /^listening on (tls:.+)$/],
    ["web", (url) => ["web", ".", "--listen", url.replace("tls:", "https:")], /^listening on (https:.+)$/],
    ["relay", (url, target) => ["relay", url, target], /^listening on (tls:.+)$/],
    ["relay --json", (url, target) => ["relay", url, target, "--json"], /"url":"(tls:[^"]+)"/],
    ["chat", (url) => ["chat", "--memory", "--listen", url], /(tls:\/\/\S+)/],
  ])("%s", async ([, args, listening]) => {
    const folder = freeFolder();
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const use = (name: string): void => {
      copyFileSync(files.pair(name).cert, cert);
      copyFileSync(files.pair(name).key, key);
    };
    use("localhost");
    const target = await serving(echo);
    const child = await start(...args(`tls://127.0.0.1:0?cert=${cert}&key=${key}`, urlOf(target)));
    const url = at((await child.line(listening))[1] ?? "", `?ca=${ca}`);
    const before = await connected(url);
    use("rsa");
    child.kill("SIGHUP");
    await child.line(READ);
    const after = await connected(url);
    expect(after.tls?.fingerprint).not.toBe(before.tls?.fingerprint);
    expect(after.tls?.peerCertificate?.publicKey.asymmetricKeyType).toBe("rsa");
    writeFileSync(cert, "no certificate");
    child.kill("SIGHUP");
    await child.line(REFUSED);
    const third = await connected(url);
    expect(third.tls?.fingerprint).toBe(after.tls?.fingerprint);
    expect(before.phase).toBe("open");
    for (const client of [before, after, third]) await client.close();
    child.kill("SIGTERM");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  test("without TLS it ends the server, as before", async () => {
    const child = await start("greet", "--listen", "tcp://127.0.0.1:0");
    await child.line(/^listening/);
    child.kill("SIGHUP");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});
