// Arguments of `sockwright relay` that it refuses, in one line that says what to write.
import { expect, test } from "vitest";
import { runHere } from "./in-process.ts";

test.each<readonly [args: readonly string[], told: string]>([
  [[], "missing required argument 'from'"],
  [["tcp://127.0.0.1:0"], "missing required argument 'to'"],
  [["tcp://127.0.0.1:0", "tcp://127.0.0.1:80", "x"], "too many arguments for 'relay': write  sockwright relay FROM TO"],
  [["127.0.0.1:0", "tcp://127.0.0.1:80"], '"127.0.0.1:0" has no scheme: write tcp://127.0.0.1:0'],
  [["tcp://127.0.0.1:0", "127.0.0.1:80"], '"127.0.0.1:80" has no scheme: write tcp://127.0.0.1:80'],
  [["tcp://127.0.0.1:0", "tcp://*:80"], "is for listeners: to connect, write the address of one machine"],
  [["tcp://127.0.0.1:0", "fd:3"], "is a listener: to connect, write its address"],
  [["http://127.0.0.1:0", "tcp://127.0.0.1:80"], "is for programs that speak http"],
  [["tcp://127.0.0.1:0", "http://127.0.0.1:80"], "is for programs that speak http"],
  [
    ["tcp://127.0.0.1:0", "udp://127.0.0.1:80"],
    "one carries bytes and the other datagrams, and a relay does not convert",
  ],
  [["unix:@a", "unix-seqpacket:@b"], "one carries bytes and the other records, and a relay does not convert"],
  [["udp://127.0.0.1:0", "tcp://127.0.0.1:80"], "one carries datagrams and the other bytes"],
  [["tcp://127.0.0.1:8000", "tcp://localhost:8000"], "the relay itself listens there and would connect to itself"],
  [["unix:@relay", "unix:@relay"], "the relay itself listens there and would connect to itself"],
  [["tcp://127.0.0.1:0", "tcp://127.0.0.1:80", "--max-connections", "0"], '--max-connections "0" is out of range'],
  [["tcp://127.0.0.1:0", "tcp://127.0.0.1:80", "--max-connections", "x"], '--max-connections "x" is out of range'],
  [["tcp://127.0.0.1:0", "tcp://127.0.0.1:80", "--idle-timeout", "x"], '--idle-timeout "x" is not a time'],
  [["tcp://127.0.0.1:0", "tcp://127.0.0.1:80", "--connect-timeout", "0"], '--connect-timeout "0" is out of range'],
  [["tcp://127.0.0.1:0", "tls://127.0.0.1:80?ca=missing.pem"], 'ca "missing.pem": there is no such file'],
  [
    ["tls://127.0.0.1:0?cert=missing.pem&key=missing.key", "tcp://127.0.0.1:80"],
    'cert "missing.pem": there is no such file',
  ],
  [["tcp://127.0.0.1:0", "tcp://127.0.0.1:80", "--fork"], "unknown option '--fork'"],
])("%j", async (args, told) => {
  const { code, stdout, stderr } = await runHere(["relay", ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(told);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("an address that is taken is exit code 1", async () => {
  const { code, stderr } = await runHere(["relay", "tcp://192.0.2.1:1", "tcp://127.0.0.1:80"]);
  expect(code).toBe(1);
  expect(stderr).toContain("is not an address of this machine");
});
