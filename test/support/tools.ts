// The external programs that the tests talk to. A test that needs one calls `requireTool` first. If the program is missing, the
// test is skipped with a reason that names it; with SOCKWRIGHT_REQUIRE_TOOLS=1, as .ci/run sets it, the test fails.
import { spawnSync } from "node:child_process";
import type { TestContext } from "vitest";

interface Tool {
  /** Names of the program, in order of preference. */
  readonly programs: readonly string[];
  /** Arguments that make the program show that it is the right one and works. */
  readonly probe: readonly string[];
  /** What the probe prints; without it, exit code 0 is enough. */
  readonly writes?: RegExp;
  /** How to install the program. */
  readonly remedy: string;
}

export const tools = {
  python3: { programs: ["python3"], probe: ["-c", "import socket"], remedy: "install python3" },
  nc: {
    programs: ["nc.openbsd", "nc"],
    probe: ["-h"],
    writes: /^OpenBSD netcat/,
    remedy: "install netcat-openbsd",
  },
  ncat: { programs: ["ncat"], probe: ["--version"], writes: /^Ncat: /, remedy: "install ncat" },
  telnet: {
    programs: ["telnet"],
    probe: ["--version"],
    writes: /^telnet \(GNU inetutils\)/,
    remedy: "install inetutils-telnet",
  },
  socat: { programs: ["socat"], probe: ["-V"], writes: /socat version/, remedy: "install socat" },
  sslscan: { programs: ["sslscan"], probe: ["--version"], writes: /OpenSSL \d/, remedy: "install sslscan" },
  testssl: {
    programs: ["testssl", "testssl.sh"],
    probe: ["--version"],
    writes: /testssl/,
    remedy: "install testssl.sh",
  },
  go: { programs: ["go"], probe: ["version"], writes: /^go version/, remedy: "install golang-go" },
  curl: { programs: ["curl"], probe: ["--version"], writes: /^curl \d/, remedy: "install curl" },
  openssl: { programs: ["openssl"], probe: ["version"], writes: /^OpenSSL 3/, remedy: "install openssl" },
  certutil: { programs: ["certutil"], probe: ["-H"], writes: /nickname/, remedy: "install libnss3-tools" },
  wget: { programs: ["wget"], probe: ["--version"], writes: /^GNU Wget 1/, remedy: "install wget" },
  aria2c: { programs: ["aria2c"], probe: ["--version"], writes: /^aria2 version/, remedy: "install aria2" },
  chromium: { programs: ["chromium"], probe: ["--version"], writes: /^Chromium \d/m, remedy: "install chromium" },
  nginx: { programs: ["nginx"], probe: ["-v"], writes: /nginx\/\d/, remedy: "install nginx" },
  "stream module of nginx": {
    programs: ["test"],
    probe: ["-e", "/usr/lib/nginx/modules/ngx_stream_module.so"],
    remedy: "install libnginx-mod-stream",
  },
  haproxy: { programs: ["haproxy"], probe: ["-v"], writes: /^HAProxy version/m, remedy: "install haproxy" },
  caddy: { programs: ["caddy"], probe: ["version"], remedy: "install caddy" },
  ip: { programs: ["ip"], probe: ["-V"], remedy: "install iproute2" },
  strace: { programs: ["strace"], probe: ["-o", "/dev/null", "true"], remedy: "install strace, and allow ptrace" },
  setpriv: {
    programs: ["setpriv"],
    probe: ["--bounding-set=-all", "true"],
    remedy: "install util-linux, and run as root",
  },
  qemu: {
    programs: ["qemu-aarch64-static", "qemu-aarch64"],
    probe: ["--version"],
    remedy: "install qemu-user-static",
  },
  "compiler for arm64": {
    programs: ["aarch64-linux-gnu-g++"],
    probe: ["--version"],
    remedy: "install g++-aarch64-linux-gnu",
  },
  "systemd-analyze": {
    programs: ["systemd-analyze"],
    probe: ["--version"],
    writes: /^systemd \d/,
    remedy: "install systemd",
  },
  "network namespaces": {
    programs: ["unshare"],
    probe: ["--net", "true"],
    remedy: "run as root, where namespaces are allowed",
  },
  "mount namespaces": {
    programs: ["unshare"],
    probe: ["--mount", "mount", "--bind", "/etc/hosts", "/etc/services"],
    remedy: "run as root, where namespaces are allowed",
  },
  "network settings in a namespace": {
    programs: ["unshare"],
    probe: ["--net", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_syn_retries"],
    remedy: "run as root, where namespaces are allowed and /proc/sys/net can be written",
  },
} satisfies Record<string, Tool>;

type ToolName = keyof typeof tools;

/** Either the program to run, or the reason why there is none. */
type Search = { readonly program: string } | { readonly missing: string };

const found = new Map<ToolName, Search>();

/** Looks for a tool, once. */
export function findTool(name: ToolName): Search {
  const known = found.get(name);
  if (known !== undefined) return known;
  const search = probe(name, tools[name]);
  found.set(name, search);
  return search;
}

/** Returns the program of a tool. If there is none, skips the running test, or fails it where tools are required. */
export function requireTool(context: Pick<TestContext, "skip">, name: ToolName): string {
  return demand(context, findTool(name), process.env["SOCKWRIGHT_REQUIRE_TOOLS"] === "1");
}

export function probe(name: string, { programs, probe, writes, remedy }: Tool): Search {
  const failures: string[] = [];
  for (const program of programs) {
    const { error, status, stdout, stderr } = spawnSync(program, probe, { encoding: "utf8", timeout: 10_000 });
    const command = [program, ...probe].join(" ");
    if (error) failures.push(error.message);
    else if (writes === undefined && status !== 0)
      failures.push(`\`${command}\` ended with ${status}: ${stderr.trim()}`);
    else if (writes !== undefined && !writes.test(stdout + stderr)) failures.push(`\`${command}\` is something else`);
    else return { program };
  }
  return { missing: `${name} is missing (${failures.join("; ")}): ${remedy}` };
}

export function demand(context: Pick<TestContext, "skip">, search: Search, required: boolean): string {
  if ("program" in search) return search.program;
  if (required) throw new Error(search.missing);
  return context.skip(search.missing);
}
