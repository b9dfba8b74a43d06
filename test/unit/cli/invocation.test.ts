// How the user starts the command again from another terminal.
import { expect, test } from "vitest";
import { invocationOf } from "../../../src/cli/invocation.ts";

test.for([
  ["/home/a/project/dist/cli/sockwright.js", "node /home/a/project/dist/cli/sockwright.js"],
  ["/usr/local/bin/sockwright", "sockwright"],
  ["/home/a/project/node_modules/.bin/sockwright", "sockwright"],
  ["/home/a/my project/sockwright.js", "sockwright"],
  ["/home/a/$(id)/sockwright.js", "sockwright"],
  [undefined, "sockwright"],
] as const)("%s is started by %s", ([script, command]) => {
  expect(invocationOf(script)).toBe(command);
});
