// ncat --ssl and socat OPENSSL as clients and servers. A listening ncat cannot ask for certificates: socat does.
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connect } from "../../../src/server/connect.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { certificates } from "../../support/certificates.ts";
import { type Child, startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";
import { requireTool } from "../../support/tools.ts";
import { codeOf } from "./code-of.ts";
import { echoAndGoodbye, firstError, heardOf, securing, variants, versions } from "./securing.ts";
import { receive, send } from "./transfer.ts";

const SIZE = 1024 * 1024;
const files = certificates();
const trusting = () => ({ ca: files.path("ca.pem") });

/** The options of socat that allow one version only. */
function onlyVersion(version: string): string {
  return `openssl-min-proto-version=TLS${version},openssl-max-proto-version=TLS${version}`;
}

/** proc(5): the local port of the process's only TCP socket, which the kernel chose. */
function boundPort(pid: number): number {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  for (const row of readFileSync(`/proc/${pid}/net/tcp`, "utf8").split("\n")) {
    const [, local = "", , , , , , , , inode] = row.trim().split(/\s+/);
    if (inodes.includes(`socket:[${inode}]`)) return Number.parseInt(local.split(":")[1] ?? "", 16);
  }
  throw new Error(`process ${pid} has no TCP socket`);
}

/** Starts a program that reports on standard error that it listens; returns its port, too. */
async function startListener(program: string, ...words: readonly string[]): Promise<[Child, number]> {
  const child = await startChild("sh", ["-c", 'exec "$@" 2>&1', "sh", program, ...words]);
  await child.line(/listening on/i);
  return [child, boundPort(child.pid)];
}

describe.for([false, true])("ncat as client, detectTruncation: %s", (detectTruncation) => {
  const verifying = (ca: string): readonly string[] => ["--ssl", "--ssl-verify", "--ssl-trustfile", files.path(ca)];

  test("checks authority and name, and is served until its end", async (context) => {
    const ncat = requireTool(context, "ncat");
    const { service, heard } = echoAndGoodbye();
    const { port, errors } = await securing(files, service, { alpn: ["a"], detectTruncation });
    const client = await startChild(ncat, [...verifying("ca.pem"), "--ssl-alpn", "a", "localhost", port]);
    client.stdin.write("hello\n");
    await client.line(/^hello$/);
    client.stdin.end();
    // ncat shuts its socket down at the end of its input, and sends no close_notify.
    const { code } = await client.exit();
    const [{ tls, text, end } = { tls: undefined, text: "", end: "" }] = await heardOf(heard);
    expect([text, tls?.alpn, tls?.serverName]).toEqual(["hello\n", "a", "localhost"]);
    expect({ end, code, last: client.stdout }).toEqual(
      detectTruncation
        ? { end: "ERR_SOCKWRIGHT_TLS_TRUNCATED", code: 1, last: "hello\n" }
        : { end: "end", code: 0, last: "hello\ngoodbye\n" },
    );
    expect(errors).toEqual([]);
  });

  test("refuses another authority and another name", async (context) => {
    const ncat = requireTool(context, "ncat");
    const { service, heard } = echoAndGoodbye();
    for (const [ca, name] of [
      ["other-ca.pem", "localhost"],
      ["ca.pem", "other"],
    ] as const) {
      const { port } = await securing(files, service, { ...files.pair(name), detectTruncation });
      const client = await startChild(ncat, ["-v", ...verifying(ca), "localhost", port]);
      client.stdin.end("hello\n");
      expect((await client.exit()).code).toBeGreaterThan(0);
      expect(client.stderr).toMatch(/certif/i);
    }
    expect(heard.map(({ text }) => text).join("")).toBe("");
  });

  test("shows its certificate", async (context) => {
    const ncat = requireTool(context, "ncat");
    const { service, heard } = echoAndGoodbye();
    const place = await securing(files, service, { ...trusting(), client: "require", detectTruncation });
    const { cert, key } = files.pair("client");
    const own = ["--ssl-cert", cert, "--ssl-key", key];
    const client = await startChild(ncat, [...verifying("ca.pem"), ...own, "localhost", place.port]);
    client.stdin.write("hello\n");
    await client.line(/^hello$/);
    client.stdin.end();
    const [{ tls } = { tls: undefined }] = await heardOf(heard);
    expect(tls?.peerCertificate?.subject).toBe("CN=a client");
    await startChild(ncat, [...verifying("ca.pem"), "localhost", place.port]);
    expect(await firstError(place)).toBe("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
  });
});

test("ncat as server: lines in both directions, and a refused name", async (context) => {
  const { cert, key } = files.pair("localhost");
  const words = ["-lkv", "--ssl", "--ssl-cert", cert, "--ssl-key", key, "127.0.0.1", "0"];
  const [server, port] = await startListener(requireTool(context, "ncat"), ...words);
  const connection = await connected(`tls://localhost:${port}`, trusting());
  connection.write("hello\n");
  await server.line(/^hello$/);
  server.stdin.write("Welcome!\n");
  expect(String(await connection.readUntil("\n"))).toBe("Welcome!\n");
  await connection.close();
  expect(await codeOf(connect(`tls://127.0.0.1:${port}`, { ...trusting(), servername: "other.example" }))).toBe(
    "ERR_TLS_CERT_ALTNAME_INVALID",
  );
});

describe.for(variants)("socat as client, $name", ({ version, detectTruncation }) => {
  /** `-t` is the time that socat gives one direction after the end of the other. */
  const startSocat = (socat: string, port: string, ...options: readonly string[]): Promise<Child> => {
    const own = [`cafile=${files.path("ca.pem")}`, "verify=1", onlyVersion(version), ...options];
    return startChild(socat, ["-t", "20", "-", [`OPENSSL:localhost:${port}`, ...own].join(",")]);
  };

  test("checks authority and name, sends SNI, and shows its certificate", async (context) => {
    const socat = requireTool(context, "socat");
    const { service, heard } = echoAndGoodbye();
    const { port, errors } = await securing(files, service, { ...trusting(), client: "require", detectTruncation });
    const { cert, key } = files.pair("client");
    const client = await startSocat(socat, port, `cert=${cert}`, `key=${key}`);
    client.stdin.end("hello\n");
    // What we send behind the end of its direction comes to it.
    await client.line(/^hello$/);
    await client.line(/^goodbye$/);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    const [{ tls, end } = { tls: undefined, end: "" }] = await heardOf(heard);
    expect([tls?.serverName, tls?.peerCertificate?.subject, end, errors]).toEqual([
      "localhost",
      "CN=a client",
      "end",
      [],
    ]);
  });

  test("refuses another name", async (context) => {
    const socat = requireTool(context, "socat");
    const { port } = await securing(files, echoAndGoodbye().service, { ...files.pair("other"), detectTruncation });
    const client = await startSocat(socat, port);
    expect((await client.exit()).code).toBe(1);
    expect(client.stderr).toMatch(/certificate is valid but its commonName does not match/);
    const named = await startSocat(socat, port, "openssl-commonname=other.example", "no-sni");
    named.stdin.end("hello\n");
    expect([(await named.exit()).code, named.stdout]).toEqual([0, "hello\ngoodbye\n"]);
  });

  test("our side ends first, and reads on: the digests are the same", async (context) => {
    const socat = requireTool(context, "socat");
    const path = join(files.folder, `input-${version}-${detectTruncation}`);
    const input = randomBytes(SIZE);
    writeFileSync(path, input);
    const heard: string[] = [];
    const { port, errors } = await securing(
      files,
      async (connection: Connection) => {
        const sent = await send(connection, SIZE);
        await connection.end();
        heard.push(sent, await receive(connection));
      },
      { detectTruncation },
    );
    const target = `OPENSSL:localhost:${port},cafile=${files.path("ca.pem")},${onlyVersion(version)}`;
    // The digest of what comes; the file goes out.
    const script = 'exec "$0" -t 20 "$1" "$2" < "$3" | sha256sum';
    const child = await startChild("sh", ["-c", script, socat, "-", target, path]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    await expect.poll(() => [heard.length, errors]).toEqual([2, []]);
    expect(heard[0]).toBe(`${SIZE} ${child.stdout.slice(0, 64)}`);
    expect(heard[1]).toBe(`${SIZE} ${createHash("sha256").update(input).digest("hex")}`);
  });
});

describe.for(versions)("socat as server, TLS %s", (version) => {
  const startSocat = (socat: string, ...options: readonly string[]): Promise<[Child, number]> => {
    const { cert, key } = files.pair("localhost");
    const own = `cert=${cert},key=${key},bind=127.0.0.1,${onlyVersion(version)}`;
    return startListener(
      socat,
      "-d",
      "-d",
      "-t",
      "20",
      ["OPENSSL-LISTEN:0", own, ...options].join(","),
      "SYSTEM:cat; echo goodbye",
    );
  };

  test("our end, and what it sends behind it", async (context) => {
    const [, port] = await startSocat(requireTool(context, "socat"), "verify=0");
    const connection = await connected(`tls://localhost:${port}`, trusting());
    expect(connection.tls?.version).toBe(`TLSv${version}`);
    connection.write("hello\n");
    await connection.end();
    expect(await receive(connection)).toBe(`14 ${createHash("sha256").update("hello\ngoodbye\n").digest("hex")}`);
  });

  test("it requires a certificate of the client", async (context) => {
    const socat = requireTool(context, "socat");
    const requiring = [`cafile=${files.path("ca.pem")}`, "verify=1"];
    const [, port] = await startSocat(socat, ...requiring);
    const connection = await connected(`tls://localhost:${port}`, { ...trusting(), ...files.pair("client") });
    connection.write("hello\n");
    expect(String(await connection.readUntil("\n"))).toBe("hello\n");
    const [, second] = await startSocat(socat, ...requiring);
    const refused = connect(`tls://localhost:${second}`, trusting()).then((opened) => opened.read());
    expect(await codeOf(refused)).toMatch(
      /^ERR_SSL_(?:TLSV13_ALERT_CERTIFICATE_REQUIRED|SSLV3_ALERT_HANDSHAKE_FAILURE)$/,
    );
  });
});
