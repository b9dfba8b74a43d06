// sslscan and testssl.sh find nothing above "info" on our listeners.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { http } from "../../src/http/service/http.ts";
import { certificates } from "../support/certificates.ts";
import { startChild } from "../support/child.ts";
import { echo, serving, urlOf } from "../support/serving.ts";
import { requireTool } from "../support/tools.ts";

const files = certificates();
const PATIENCE_MS = 400_000;

const services = {
  "tls:": echo,
  "https:": http(() => ({ body: "hello\n" })),
} as const;
const all = (["tls:", "https:"] as const).flatMap((scheme) =>
  (["localhost", "rsa"] as const).flatMap((name) =>
    [false, true].map((detectTruncation) => ({ scheme, name, detectTruncation })),
  ),
);

/** A scan takes half a minute whatever the load is: with a part of it, one listener is scanned. */
const listeners = Number(process.env["SOCKWRIGHT_SOAK_PART"] ?? 1) < 1 ? all.slice(0, 1) : all;

async function portOfListener(scheme: "tls:" | "https:", name: string, detectTruncation: boolean): Promise<string> {
  const options = { ...files.pair(name), detectTruncation, onError: () => undefined };
  return new URL(urlOf(await serving(services[scheme], options, `${scheme}//127.0.0.1:0`))).port;
}

describe.for(listeners)(
  "$scheme, certificate $name, detectTruncation: $detectTruncation",
  ({ scheme, name, detectTruncation }) => {
    test("sslscan", { timeout: PATIENCE_MS }, async (context) => {
      const sslscan = requireTool(context, "sslscan");
      const port = await portOfListener(scheme, name, detectTruncation);
      const child = await startChild(sslscan, ["--no-colour", "--sni-name=localhost", `127.0.0.1:${port}`]);
      expect((await child.exit()).code).toBe(0);
      const has = (pattern: RegExp): string[] => child.stdout.split("\n").filter((line) => pattern.test(line));
      expect(has(/^(?:SSLv\d|TLSv[\d.]+) +(?:en|dis)abled/).map((line) => line.trim().split(/ +/))).toEqual([
        ["SSLv2", "disabled"],
        ["SSLv3", "disabled"],
        ["TLSv1.0", "disabled"],
        ["TLSv1.1", "disabled"],
        ["TLSv1.2", "enabled"],
        ["TLSv1.3", "enabled"],
      ]);
      const suites = has(/^(?:Preferred|Accepted) /);
      expect(suites).toHaveLength(6);
      for (const suite of suites) expect(suite).toMatch(/(?:128|256) bits +(?:TLS_|ECDHE-).*(?:GCM|CHACHA20)/);
      for (const group of has(/^TLSv1\.\d +\d+ bits/)) expect(group).toMatch(/secp(?:256|384|521)r1|x25519/);
      expect(has(/^Session renegotiation|^Server supports TLS Fallback|not vulnerable|vulnerable to/)).toEqual([
        "Server supports TLS Fallback SCSV",
        "Session renegotiation not supported",
        "TLSv1.3 not vulnerable to heartbleed",
        "TLSv1.2 not vulnerable to heartbleed",
      ]);
    });
  },
);

/** Findings about the test's certificate and answer, by testssl's id, with the reason why they may stay. */
const EXPECTED: Readonly<Record<string, string>> = {
  cert_revocation: "the authority of the tests has neither an OCSP responder nor a place for its list",
  cert_validityPeriod: "the certificate of the tests is valid for a century",
  DNS_CAArecord: "localhost has no record of the authorities that may sign for it",
  HSTS: "the service of the test sets no field for browsers; the application does",
  security_headers: "the same",
};

/** testssl's levels above INFO. WARN and DEBUG speak of the scan: a check that it could not make, a service that it does not know. */
const LOUD = ["LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL"];

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

test.for(listeners.filter(({ name, detectTruncation }) => detectTruncation === (name === "rsa")))(
  "testssl, $scheme, certificate $name, detectTruncation: $detectTruncation",
  { timeout: PATIENCE_MS },
  async ({ scheme, name, detectTruncation }, context) => {
    const testssl = requireTool(context, "testssl");
    const port = await portOfListener(scheme, name, detectTruncation);
    const json = join(files.folder, `${scheme.replace(":", "")}-${name}.json`);
    const output = [
      "--quiet",
      "--color",
      "0",
      "--warnings",
      "off",
      "--jsonfile",
      json,
      "--add-ca",
      files.path("ca.pem"),
    ];
    // Protocols, categories of suites, forward secrecy, preferences, defaults, vulnerabilities, and the header of HTTP.
    const parts = ["-p", "-s", "-f", "-P", "-S", "-U", ...(scheme === "https:" ? ["-h"] : [])];
    const child = await startChild(testssl, [...output, ...parts, "--ip", "127.0.0.1", `https://localhost:${port}/`]);
    await child.exit(PATIENCE_MS);
    const findings = JSON.parse(readFileSync(json, "utf8")) as readonly Finding[];
    expect(findings.length).toBeGreaterThan(60);
    const loud = findings.filter(({ severity }) => LOUD.includes(severity));
    console.info(`${findings.length} findings; ${loud.map(({ id, severity }) => `${id} ${severity}`).join(", ")}`);
    expect(loud.filter(({ id }) => !Object.hasOwn(EXPECTED, id.split(" ")[0] ?? ""))).toEqual([]);
  },
);
