// curl and wget as clients of the HTTP service over TLS.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import type { Service } from "../../../src/server/service.ts";
import type { TlsInfo } from "../../../src/server/transport/tls-info.ts";
import { certificates } from "../../support/certificates.ts";
import { type Child, startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";
import { firstError, type Secured, securing, variants } from "./securing.ts";

const files = certificates();
const BODY = "0123456789".repeat(20_000);

/** What the last connection has negotiated. */
let last: TlsInfo | undefined;

const answering = http(({ path, version }) => ({ body: path === "/long" ? BODY : `HTTP/${version}` }));
const pages: Service = {
  ...answering,
  stream: (connection) => {
    last = connection.tls;
    return answering.stream?.(connection);
  },
};

function site(options: ServeOptions): Promise<Secured> {
  return securing(files, pages, options, "https");
}

describe.for(variants)("curl, $name", ({ version, detectTruncation }) => {
  /** Runs curl with the one version, and the authority of the tests. */
  const run = async (curl: string, ...words: readonly string[]): Promise<Child> => {
    const one = [`--tlsv${version}`, "--tls-max", version, "--cacert", files.path("ca.pem")];
    const child = await startChild(curl, ["--silent", "--show-error", "--max-time", "20", ...one, ...words]);
    await child.exit();
    return child;
  };
  const code = async (child: Child): Promise<number | null> => (await child.exit()).code;

  test("HTTP/1.1 and HTTP/1.0 over ALPN, several requests over one connection", async (context) => {
    const curl = requireTool(context, "curl");
    const { port, errors } = await site({ detectTruncation });
    const url = `https://localhost:${port}`;
    expect((await run(curl, `${url}/`)).stdout).toBe("HTTP/1.1");
    expect(last).toMatchObject({ version: `TLSv${version}`, alpn: "http/1.1", serverName: "localhost" });
    expect((await run(curl, "--http1.0", `${url}/`)).stdout).toBe("HTTP/1.0");
    expect((await run(curl, "--no-alpn", `${url}/`)).stdout).toBe("HTTP/1.1");
    expect(last).toMatchObject({ version: `TLSv${version}`, alpn: undefined });
    const twice = await run(curl, "--write-out", "|%{num_connects}|", `${url}/long`, `${url}/long`);
    expect(twice.stdout === `${BODY}|1|${BODY}|0|`).toBe(true);
    expect(errors).toEqual([]);
  });

  test("an answer that ends with the connection ends with close_notify", async (context) => {
    const curl = requireTool(context, "curl");
    const { port } = await site({ detectTruncation });
    const child = await run(curl, "--http1.0", "--verbose", `https://localhost:${port}/long`);
    expect([child.stdout === BODY, await code(child)]).toEqual([true, 0]);
    expect(child.stderr).not.toMatch(/unexpected eof|truncated|closed abruptly/i);
  });

  test("a client that speaks HTTP/2 only gets an alert", async (context) => {
    const curl = requireTool(context, "curl");
    const place = await site({ detectTruncation });
    // openssl offers `h2` alone; curl always offers HTTP/1.1, too.
    const words = ["s_client", "-connect", `127.0.0.1:${place.port}`, "-alpn", "h2"];
    const child = await startChild(requireTool(context, "openssl"), words);
    expect(await child.exit()).toMatchObject({ code: 1 });
    expect(child.stderr).toContain("alert no application protocol");
    expect(await firstError(place)).toBe("ERR_SSL_NO_APPLICATION_PROTOCOL");
    const both = await run(curl, "--http2", `https://localhost:${place.port}/`);
    expect([both.stdout, last?.alpn]).toEqual(["HTTP/1.1", "http/1.1"]);
  });

  test("a certificate of the client", async (context) => {
    const curl = requireTool(context, "curl");
    const { port } = await site({ ca: files.path("ca.pem"), client: "require", detectTruncation });
    const url = `https://localhost:${port}/`;
    const { cert, key } = files.pair("client");
    expect((await run(curl, "--cert", cert, "--key", key, url)).stdout).toBe("HTTP/1.1");
    expect(last?.peerCertificate?.subject).toBe("CN=a client");
    const stranger = files.pair("stranger");
    // CURLE_SSL_CONNECT_ERROR, CURLE_SEND_ERROR, CURLE_RECV_ERROR: where the refusal meets curl.
    expect([35, 55, 56]).toContain(await code(await run(curl, "--cert", stranger.cert, "--key", stranger.key, url)));
    expect([35, 55, 56]).toContain(await code(await run(curl, url)));
  });

  test("wrong authority, wrong name, pinned key", async (context) => {
    const curl = requireTool(context, "curl");
    const { port } = await site({ detectTruncation });
    const url = `https://localhost:${port}/`;
    // CURLE_PEER_FAILED_VERIFICATION
    expect(await code(await run(curl, "--cacert", files.path("other-ca.pem"), url))).toBe(60);
    const renamed = ["--resolve", `other.example:${port}:127.0.0.1`, `https://other.example:${port}/`];
    expect(await code(await run(curl, ...renamed))).toBe(60);
    const pin = join(files.folder, "localhost.pub");
    const words = ["x509", "-in", files.path("localhost.pem"), "-noout", "-pubkey", "-out", pin];
    expect(await code(await startChild(requireTool(context, "openssl"), words))).toBe(0);
    expect(await code(await run(curl, "--pinnedpubkey", pin, url))).toBe(0);
    // CURLE_SSL_PINNEDPUBKEYNOTMATCH
    expect(await code(await run(curl, "--pinnedpubkey", `sha256//${"A".repeat(43)}=`, url))).toBe(90);
  });

  test("wget, with the authority and without it", async (context) => {
    const wget = requireTool(context, "wget");
    const { port, errors } = await site({ detectTruncation });
    const url = `https://localhost:${port}/long`;
    const common = ["--quiet", "--tries=1", "--timeout=20", `--secure-protocol=TLSv${version.replace(".", "_")}`];
    const trusting = [`--ca-certificate=${files.path("ca.pem")}`, "--output-document=-"];
    const child = await startChild(wget, [...common, ...trusting, url]);
    expect([await code(child), child.stdout === BODY]).toEqual([0, true]);
    // GNU Wget closes its socket without close_notify; RFC 9112, section 9.8, says that a server should be prepared for that.
    await expect.poll(() => errors).toEqual(detectTruncation ? ["ERR_SOCKWRIGHT_TLS_TRUNCATED"] : []);
    // wget(1): 5, SSL verification failure.
    expect(await code(await startChild(wget, [...common, "--output-document=-", url]))).toBe(5);
  });
});
