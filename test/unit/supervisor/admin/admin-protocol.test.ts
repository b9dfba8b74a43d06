import { expect, test } from "vitest";
import { requestOf } from "../../../../src/supervisor/admin/admin-protocol.ts";

test("requestOf accepts these requests", () => {
  for (const command of ["status", "connections", "reload", "stop"])
    expect(requestOf({ command })).toEqual({ command });
  expect(requestOf({ command: "kill", id: 7, more: true })).toEqual({ command: "kill", id: 7 });
  expect(requestOf({ command: "drain", service: "chat" })).toEqual({ command: "drain", service: "chat" });
});

test.for([
  [null, "the request has no command"],
  ["status", "the request has no command"],
  [{}, "the request has no command"],
  [{ command: "end" }, 'there is no command "end"'],
  [{ command: "kill", id: "7" }, "kill needs the id of a connection, a number"],
  [{ command: "drain", service: 7 }, "the service of drain is a name"],
])("%j is not a request", ([value, message]) => {
  expect(() => requestOf(value)).toThrow(String(message));
});
