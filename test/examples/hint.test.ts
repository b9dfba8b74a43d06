// The hints that the examples print after an error: about ports for a port, and about paths for a path.
import { constants } from "node:os";
import { expect, test } from "vitest";
import { hint } from "../../examples/hint.ts";
import { SocketError } from "../../src/index.ts";

const { errno } = constants;
const [port, path] = [{ address: "127.0.0.1", port: 80 }, { address: "door" }];

test.for([
  ["bind", errno.EACCES, port, ": not allowed; an ordinary user takes ports from 1024 up"],
  ["bind", errno.EACCES, path, ": not allowed in that folder; give another path"],
  ["bind", errno.EADDRINUSE, port, ": another program has that port, or had it a minute ago; give another address"],
  [
    "bind",
    errno.EADDRINUSE,
    { address: "127.0.0.1", port: 0 },
    ": another program has that port, or had it a minute ago; give another address",
  ],
  ["bind", errno.EADDRINUSE, path, ": the path is taken; give another path"],
  ["bind", errno.ENOENT, path, ": no such folder; give another path"],
  ["connect", errno.EACCES, port, ""],
  ["connect", errno.EACCES, path, ": not allowed; ask who has started the server"],
  ["connect", errno.ENOENT, path, ": no such path; start the server first"],
  ["connect", errno.ECONNREFUSED, port, ": nobody listens there; start the server first"],
  ["connect", errno.ECONNREFUSED, path, ": nobody listens there; start the server first"],
  ["recv", errno.ECONNREFUSED, undefined, ": nobody listens there; start the server first"],
  ["recv", errno.ECONNRESET, undefined, ""],
] as const)("%s, %i at %j: %j", ([syscall, number, target, text]) => {
  expect(hint(new SocketError(syscall, number, target))).toBe(text);
});

test("no hint for a file that cannot be read", () => {
  expect(
    hint(Object.assign(new Error("EACCES: permission denied, open 'x'"), { code: "EACCES", syscall: "open" })),
  ).toBe("");
});
