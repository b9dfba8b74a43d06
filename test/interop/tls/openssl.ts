// openssl s_client and s_server: the test types lines into a program and reads what it prints.
import type { TestContext } from "vitest";
import type { Certificates } from "../../support/certificates.ts";
import { type Child, startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

/** Starts s_client, which checks the server's certificate against the authority of the tests. */
export async function startClient(
  context: TestContext,
  files: Certificates,
  port: string,
  ...words: readonly string[]
): Promise<Child> {
  const trust = ["-CAfile", files.path("ca.pem"), "-verify_return_error"];
  return startOpenssl(context, ["s_client", "-connect", `127.0.0.1:${port}`, ...trust, ...words]);
}

/** Starts s_server with the certificate for localhost; returns its port, too. */
export async function startServer(
  context: TestContext,
  files: Certificates,
  ...words: readonly string[]
): Promise<[Child, string]> {
  const own = words.includes("-cert") ? [] : identityOf(files, "localhost");
  const child = await startOpenssl(context, ["s_server", "-accept", "127.0.0.1:0", ...own, ...words]);
  const [, port = ""] = await child.line(/^ACCEPT .*:(\d+)$/);
  return [child, port];
}

/** The options for a certificate and its key. */
export function identityOf(files: Certificates, name: string): readonly string[] {
  const { cert, key } = files.pair(name);
  return ["-cert", cert, "-key", key];
}

/** The option that allows one version only. */
export function only(version: string): string {
  return `-tls${version.replace(".", "_")}`;
}

/** With one stream for both outputs: what the program reports and what it has received keep their order. */
async function startOpenssl(context: TestContext, words: readonly string[]): Promise<Child> {
  return startChild("sh", ["-c", 'exec "$@" 2>&1', "sh", requireTool(context, "openssl"), ...words]);
}
