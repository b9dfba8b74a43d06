import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import * as sockwright from "../../../src/index.ts";
import { Socket } from "../../../src/socket/socket.ts";
import { rows as socketRows } from "./argument-table.ts";
import { expectFault, type Fault } from "./bad-argument.ts";
import { nameRows } from "./name-table.ts";

const rows = [...socketRows, ...nameRows];

describe("the error for a wrong argument names it and has Node's code", () => {
  test.each(rows)("$call: $argument", async ({ call, argument, on, gives, refused, with: withWrong }) => {
    for (const [fault, values] of Object.entries(refused) as [Fault, readonly unknown[]][]) {
      for (const wrong of values) {
        const subject = on?.();
        const receiver: object = subject?.socket ?? sockwright;
        const method: unknown = Reflect.get(receiver, call);
        if (typeof method !== "function") throw new Error(`there is no ${call}`);
        const run = (): unknown =>
          method === Socket
            ? Reflect.construct(method, withWrong(wrong))
            : Reflect.apply(method, receiver, withWrong(wrong));
        await expectFault(run, { gives, argument, fault, wrong });
        // A refused call leaves nothing behind: no call in a queue, no option set.
        await subject?.expectUnharmed();
      }
    }
  });
});

/** Functions and properties without arguments, or with none that could be wrong, such as `ref`. */
const WITHOUT_ARGUMENTS = [
  ...["close", "dup", "fileno", "getblocking", "getpeername", "getsockname", "gettimeout", "ref", "unref"],
  ...["get_inheritable", "getdefaulttimeout", "timeout", "has_dualstack_ipv6"],
  ...["gethostname", "if_nameindex"],
  ...["family", "type", "protocol", "closed", "stream", "webStreams"],
];

function publicNames(): string[] {
  const names: (string | symbol)[] = [];
  for (let prototype: object = Socket.prototype; prototype !== Object.prototype; ) {
    names.push(...Reflect.ownKeys(prototype));
    prototype = Reflect.getPrototypeOf(prototype) ?? Object.prototype;
  }
  const hidden: unknown[] = ["constructor", Symbol.asyncIterator, Symbol.asyncDispose, inspect.custom];
  return names.filter((name) => !hidden.includes(name)).map(String);
}

/** Tells whether a name is a class that programs do not construct. */
function isClass(name: string): boolean {
  return name.endsWith("Error") || name === "SocketFile";
}

test("every public function is in the table of arguments", () => {
  const functions = Object.entries(sockwright).flatMap(([name, it]) =>
    typeof it === "function" && !isClass(name) ? [name] : [],
  );
  const listed = new Set([...rows.map(({ call }) => call), ...WITHOUT_ARGUMENTS]);
  expect([...listed].sort()).toEqual([...functions, ...publicNames()].sort());
});
