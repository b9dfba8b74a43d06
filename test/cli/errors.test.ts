// An error is one line: the cause, and what to write instead.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { AF_INET, AF_UNIX, SOCK_DGRAM, socket } from "../../src/index.ts";
import { type Outcome, runHere } from "./in-process.ts";
import { freeFolder } from "./sockwright.ts";

/** The one line on standard error. Standard output is empty, and there is no stack trace. */
async function lineOf(running: Promise<Outcome>, code: number): Promise<string> {
  const outcome = await running;
  expect(outcome).toMatchObject({ code, stdout: "" });
  expect(outcome.stderr).toMatch(/^sockwright: \S[^\n]*\n$/);
  expect(outcome.stderr).not.toMatch(/^ +at |node:|file:\/\/|undefined|\[object/m);
  return outcome.stderr;
}

const URL = "tcp://127.0.0.1:1";

describe("usage errors, exit code 2", () => {
  test.for<[args: string[], said: string]>([
    [[], "tls or cert"],
    [["conect", URL], "unknown command 'conect' (did you mean connect?)"],
    [["connect"], "missing required argument 'url': see  sockwright connect --help"],
    [["listen"], "missing required argument 'url'"],
    [["connect", URL, "more"], "too many arguments"],
    [["connect", "--wiat", "1s", URL], "unknown option '--wiat' (did you mean --wait?)"],
    [["listen", "--keepopen", URL], "unknown option '--keepopen' (did you mean --keep-open?)"],
    [["connect", "--keep-open", URL], "unknown option '--keep-open'"],
    [["listen", "--source", "127.0.0.1", URL], "unknown option '--source'"],
    [["connect", URL, "--wait"], "option '--wait <time>' argument missing"],
    [["connect", URL, "--wait", "soon"], '--wait "soon" is not a time: write 500ms, 2s, 5m, 1h or 1d'],
    [["connect", URL, "--wait", "-1"], '--wait "-1" is not a time'],
    [["connect", URL, "--idle-timeout", "1w"], '--idle-timeout "1w" is not a time'],
    [["connect", URL, "--connect-timeout", "1000h"], '--connect-timeout "1000h" is too long: the maximum is 24 days'],
    [
      ["connect", URL, "--option", "TCP_NODELAY"],
      '--option "TCP_NODELAY" is not NAME=VALUE: write --option TCP_NODELAY=1',
    ],
    [
      ["connect", URL, "--option", "TCP_NODLAY=1"],
      'no socket option is called "TCP_NODLAY": did you mean TCP_NODELAY?',
    ],
    [["connect", URL, "--option", "colour=1"], "names are those of socket(7)"],
    [["connect", URL, "--option", "SO_RCVTIMEO=1"], "--option SO_RCVTIMEO cannot be set here"],
    [["connect", URL, "--option", "so_type=1"], "--option SO_TYPE cannot be set here: it is read-only"],
    [["connect", URL, "--option", "SO_RCVBUF=much"], "--option SO_RCVBUF=much: the value must be a 32-bit integer"],
    [["connect", URL, "--option", "SO_RCVBUF=99999999999"], "a 32-bit integer"],
    [["connect", URL, "--option", "TCP_CONGESTION=nonesuch"], "--option TCP_CONGESTION does not fit this socket"],
    [["connect", URL, "--source", "localhost"], '--source "localhost" is not an IP address'],
    [["connect", URL, "--source", ":5000"], '--source ":5000" has no host: write 0.0.0.0:5000, or [::]:5000 for IPv6'],
    [["connect", `${URL}?ipv6only`], "has ipv6only and no IPv6 address: leave it out"],
    [["connect", URL, "--source", "::1"], '"tcp://127.0.0.1:1" has no address of the same family as its source ::1'],
    [["connect", "127.0.0.1:8000"], '"127.0.0.1:8000" has no scheme: write tcp://127.0.0.1:8000'],
    [["connect", "tpc://127.0.0.1:8000"], "did you mean tcp:?"],
    [["listen", "tcp://127.0.0.1"], "has no port: write tcp://127.0.0.1:8000"],
    [["listen", "tcp://127.0.0.1:65536"], "a port is a number from 0 to 65535"],
    [["listen", "tcp://[::]:0?ipv6-only"], "did you mean ipv6only?"],
    [["listen", "unix:/tmp/x?mode=abc"], "a mode is three octal digits, as in mode=660"],
    [["listen", "unix:/tmp/x?group=no-such-group"], '"no-such-group" is no group of this machine'],
    [["listen", "fd:3"], '"fd:3" is an inherited socket, which only servers take over: write an address'],
    [["connect", "fd:3"], '"fd:3" is a listener: to connect, write its address'],
    [["connect", "tcp://*:8000"], "is for listeners: to connect, write the address of one machine"],
    [["connect", "unix:/tmp/x?mode=660"], "has the option mode, which is for listeners"],
    [["listen", `unix:${"x".repeat(108)}`], "a Unix socket's name has at most 107 bytes, and this one 108"],
  ])("%j", async ([args, said]) => {
    expect(await lineOf(runHere(args), 2)).toContain(said);
  });
});

describe("network errors, exit code 1", () => {
  test.for([
    ["tcp://127.0.0.1:1", "no process listens there"],
    ["tcp://[::1]:1", "no process listens there"],
    ["unix:/nonesuch", "there is no such path: start the server first, or correct the path"],
    ["unix-dgram:/nonesuch", "there is no such path"],
    ["unix-seqpacket:@sockwright-nonesuch", "no process listens there"],
    ["tcp://nonesuch.invalid:80", "the host name is unknown: correct it"],
    ["udp://127.255.255.255:9", "no permission: a broadcast address needs ?broadcast in the URL"],
  ])("connect %s", async ([url = "", said = ""]) => {
    expect(await lineOf(runHere(["connect", url]), 1)).toMatch(`sockwright: ${url}: ${said}`);
  });

  test.for([
    // RFC 5737: an address for documentation, which no host has.
    ["tcp://192.0.2.1:8000", "the host is not an address of this machine"],
    ["udp://192.0.2.1:8000", "the host is not an address of this machine"],
    ["unix:/nonesuch/socket", "a folder of the path is missing: create it"],
    ["udp://239.1.1.1:0?interface=nonesuch0", "no such interface: choose one that `ip link` shows"],
  ])("listen %s", async ([url = "", said = ""]) => {
    expect(await lineOf(runHere(["listen", url]), 1)).toContain(`sockwright: ${url}: ${said}`);
  });

  test.for(["tcp", "udp"])("a taken port: %s", async (scheme) => {
    const holder = scheme === "tcp" ? socket() : socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => holder.close());
    holder.bind({ host: "127.0.0.1", port: 0 });
    if (scheme === "tcp") holder.listen();
    const url = `${scheme}://127.0.0.1:${holder.getsockname().port}`;
    const line = await lineOf(runHere(["listen", url]), 1);
    expect(line).toContain(`${url}: the address is taken: choose another, or port 0 for any free one`);
  });

  test("listen does not take over a path on which a process listens", async () => {
    const path = join(freeFolder(), "socket");
    const holder = socket(AF_UNIX);
    onTestFinished(() => holder.close());
    holder.bind({ path });
    const listener = holder.listen();
    expect(await lineOf(runHere(["listen", `unix:${path}`]), 1)).toContain("the address is taken");
    const client = socket(AF_UNIX);
    onTestFinished(() => client.close());
    await client.connect({ path });
    const [peer] = await listener.accept();
    peer.close();
    // The check whether a process listens makes no connection: the backlog would have counted it.
    listener.settimeout(0);
    await expect(listener.accept()).rejects.toMatchObject({ code: "EAGAIN" });
  });

  test("listen does not remove a file that is not a socket", async () => {
    const path = join(freeFolder(), "file");
    writeFileSync(path, "precious");
    expect(await lineOf(runHere(["listen", `unix:${path}`]), 1)).toContain("the path is a file, not a socket");
  });

  test("connect reports a datagram that no socket receives", async () => {
    const running = runHere(["connect", "udp://127.0.0.1:1"], "anybody?\n");
    expect(await lineOf(running, 1)).toContain("udp://127.0.0.1:1: no process listens there");
  });

  test("a socket of another type", async () => {
    const path = join(freeFolder(), "socket");
    const holder = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => holder.close());
    holder.bind({ path });
    expect(await lineOf(runHere(["connect", `unix:${path}`]), 1)).toContain("another kind: try unix:, unix-dgram:");
  });
});

describe("with --json the line is a JSON object", () => {
  test.for<[args: string[], told: object]>([
    [["connect", URL], { code: "ECONNREFUSED", exitCode: 1 }],
    [["connect", "tpc://127.0.0.1:1"], { code: "ERR_SOCKWRIGHT_URL", exitCode: 2 }],
    [["connect", URL, "--wiat"], { message: "unknown option '--wiat' (did you mean --wait?)", exitCode: 2 }],
    [["connect", URL, "--wait", "soon"], { message: expect.stringContaining("is not a time"), exitCode: 2 }],
    [["greet", "--listen", "tpc://127.0.0.1:0"], { code: "ERR_SOCKWRIGHT_URL", exitCode: 2 }],
    [["greet", "--listen", "tcp://192.0.2.1:0"], { code: "EADDRNOTAVAIL", exitCode: 1 }],
  ])("%j", async ([args, told]) => {
    const { code, stdout, stderr } = await runHere([...args, "--json"]);
    const { exitCode } = Object.fromEntries(Object.entries(told));
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ event: "error", ...told });
  });
});

describe("help", () => {
  test.for([["--help"], ["help"], ["connect", "--help"], ["help", "listen"]])("%j", async (args) => {
    const { stdout, ...ended } = await runHere(args);
    expect(ended).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: sockwright /);
  });

  test.for(["connect", "listen"])("%s names every option", async (command) => {
    const { stdout } = await runHere([command, "--help"]);
    const own = command === "connect" ? ["--connect-timeout", "--source"] : ["--keep-open"];
    for (const option of [...own, "--wait", "--idle-timeout", "--crlf", "--option", "--json", "--help"]) {
      expect(stdout).toContain(option);
    }
    expect(stdout).toContain("End of file:");
  });

  test.for(
    ["", "up", "ctl", "connect", "listen", "greet", "cert"].map((name) => [...(name === "" ? [] : [name]), "--help"]),
  )("%j has examples, and fits a terminal", async (args) => {
    const { stdout } = await runHere(args);
    expect(stdout).toMatch(/^Examples:\n {2}sockwright /m);
    expect(stdout).toMatch(/exit codes/i);
    expect(stdout.split("\n").filter((line) => line.length > 88)).toEqual([]);
  });

  test("--version prints the version of the package", async () => {
    expect(await runHere(["--version"])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });
});
