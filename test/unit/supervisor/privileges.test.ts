import { expect, test } from "vitest";
import { dropPrivileges } from "../../../src/supervisor/privileges.ts";

function called(user: string | undefined, group: string | undefined): readonly unknown[] {
  const calls: unknown[] = [];
  dropPrivileges(
    { user, group },
    {
      initgroups: (...given) => void calls.push(["initgroups", ...given]),
      setgid: (...given) => void calls.push(["setgid", ...given]),
      setuid: (...given) => void calls.push(["setuid", ...given]),
    },
  );
  return calls;
}

test("groups are set before the user, who may not change them afterwards", () => {
  expect(called("nobody", "daemon")).toEqual([
    ["initgroups", "nobody", "daemon"],
    ["setgid", "daemon"],
    ["setuid", "nobody"],
  ]);
});

test("the default group of a user is from passwd(5)", () => {
  expect(called("root", undefined)).toEqual([
    ["initgroups", "root", 0],
    ["setgid", 0],
    ["setuid", "root"],
  ]);
  expect(() => called("no-such-user", undefined)).toThrow("no-such-user is no user of this machine");
});

test("a number is used as an id, a group alone changes the group, and no value changes nothing", () => {
  expect(called(undefined, "12")).toEqual([["setgid", 12]]);
  expect(called(undefined, undefined)).toEqual([]);
});
