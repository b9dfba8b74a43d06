import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { AF_INET, AF_UNIX, SOCK_DGRAM, socket, socketpair } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback } from "../../support/sockets.ts";
import { requireTool } from "../../support/tools.ts";

const TELL =
  "import os, sys\ntry:\n  os.fstat(int(sys.argv[1]))\n  print('open')\nexcept OSError as e:\n  print(e.errno)";

describe("get_inheritable and set_inheritable", () => {
  test("a new socket is not inheritable, whichever call made it", async () => {
    const listener = listenOnLoopback();
    const [client] = closeAtTheEnd(socket());
    const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    const made = closeAtTheEnd(
      listener,
      client,
      peer,
      client.dup(),
      socket(AF_INET, SOCK_DGRAM),
      ...socketpair(AF_UNIX),
    );
    for (const each of made) expect(each.get_inheritable()).toBe(false);
  });

  test("the flag can be set and cleared; a duplicate is not inheritable, as in Python", () => {
    const [made] = closeAtTheEnd(socket());
    made.set_inheritable(true);
    made.set_inheritable(true);
    const [duplicate] = closeAtTheEnd(made.dup());
    expect([made.get_inheritable(), duplicate.get_inheritable()]).toEqual([true, false]);
    made.set_inheritable(false);
    expect(made.get_inheritable()).toBe(false);
  });

  test("a child process has the descriptor only if it is inheritable", (context) => {
    const python = requireTool(context, "python3");
    const [made] = closeAtTheEnd(socket());
    const told = (): string =>
      spawnSync(python, ["-c", TELL, String(made.fileno())], { encoding: "utf8" }).stdout.trim();
    expect(told()).toBe("9");
    made.set_inheritable(true);
    expect(told()).toBe("open");
  });
});
