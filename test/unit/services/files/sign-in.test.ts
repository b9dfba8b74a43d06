import { createHash, scryptSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  MAX_KEPT_PASSWORDS,
  MAX_PENDING_PASSWORDS,
  MAX_SECRET_LENGTH,
  PASSWORD_KEPT_MS,
  SignIn,
} from "../../../../src/services/files/sign-in.ts";
import { parseUsers, type UsersFile } from "../../../../src/services/files/users-file.ts";
import { manualClock } from "../../../../src/testing.ts";

const SALT = Buffer.alloc(16, 1);

function fileOf(users: Record<string, string>, cost = 2): UsersFile {
  const entries = Object.entries(users).map(([name, secret]) => {
    const hash = scryptSync(secret, SALT, 32, { cost, blockSize: 1 }).toString("base64");
    return `[[user]]\nname = "${name}"\npassword = "scrypt:${cost}:1:1:${SALT.toString("base64")}:${hash}"\n`;
  });
  const token = createHash("sha256").update("token").digest("hex");
  return parseUsers(`${entries.join("")}[[user]]\nname = "ci"\ntoken = "sha256:${token}"\n`, "f");
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test("no credentials are no user; right ones are", async () => {
  const signIn = new SignIn(manualClock());
  const file = fileOf({ ann: "päss:word" });
  expect(await signIn.user(file, undefined, "a")).toBeUndefined();
  expect((await signIn.user(file, "Bearer token", "a"))?.name).toBe("ci");
  expect((await signIn.user(file, "bearer  token", "a"))?.name).toBe("ci");
  expect((await signIn.user(file, basic("ci:token"), "a"))?.name).toBe("ci");
  expect((await signIn.user(file, basic("ann:päss:word"), "a"))?.name).toBe("ann");
  expect((await signIn.user(file, basic("ann:pa\u0308ss:word"), "a"))?.name).toBe("ann");
});

test.each([
  "",
  "Bearer",
  "Bearer other",
  "Digest token",
  basic("ann:token"),
  basic("nobody:secret"),
  "Basic !!!",
  `Bearer ${"t".repeat(MAX_SECRET_LENGTH + 1)}`,
])("%.40j is refused", async (authorization) => {
  const signIn = new SignIn(manualClock());
  await expect(signIn.user(fileOf({ ann: "secret" }), authorization, "a")).rejects.toMatchObject({ status: 401 });
});

test("ten false credentials of an address, then 429 until time has passed; others go on", async () => {
  const clock = manualClock();
  const signIn = new SignIn(clock);
  const file = fileOf({});
  for (let tries = 0; tries < 10; tries++) {
    await expect(signIn.user(file, "Bearer x", "a")).rejects.toMatchObject({ status: 401 });
  }
  await expect(signIn.user(file, "Bearer token", "a")).rejects.toMatchObject({ status: 429 });
  expect((await signIn.user(file, "Bearer token", "b"))?.name).toBe("ci");
  clock.advance(6_001);
  expect((await signIn.user(file, "Bearer token", "a"))?.name).toBe("ci");
});

test("a password is kept as right for a time, and not after it was changed", async () => {
  const clock = manualClock();
  const signIn = new SignIn(clock);
  const file = fileOf({ ann: "secret" });
  await signIn.user(file, basic("ann:secret"), "a");
  // What is kept answers within microtasks; scrypt takes a thread.
  const isKept = async (users: UsersFile): Promise<boolean> => {
    const asked = signIn.user(users, basic("ann:secret"), "a").then(
      () => "kept",
      () => "refused",
    );
    const first = await Promise.race([asked, new Promise((resolve) => setImmediate(resolve, "computed"))]);
    await asked;
    return first === "kept";
  };
  expect(await isKept(file)).toBe(true);
  expect(await isKept(fileOf({ ann: "other" }))).toBe(false);
  clock.advance(PASSWORD_KEPT_MS);
  expect(await isKept(fileOf({ ann: "secret" }, 16_384))).toBe(false);
});

test("passwords that are computed at once are limited; equal ones are computed once", async () => {
  const signIn = new SignIn(manualClock());
  const names = Array.from({ length: MAX_PENDING_PASSWORDS + 1 }, (_, at) => `u${at}`);
  const file = fileOf(Object.fromEntries(names.map((name) => [name, "secret"])));
  const all = await Promise.allSettled(names.map((name) => signIn.user(file, basic(`${name}:secret`), "a")));
  expect(all.filter(({ status }) => status === "rejected")).toMatchObject([{ reason: { status: 503 } }]);
  const same = names.map(() => signIn.user(file, basic("u0:secret"), "a"));
  expect((await Promise.all(same)).map((user) => user?.name)).toEqual(names.map(() => "u0"));
});

test("only so many passwords are kept", async () => {
  const signIn = new SignIn(manualClock());
  const names = Array.from({ length: MAX_KEPT_PASSWORDS - 1 }, (_, at) => `u${at}`);
  const file = fileOf(Object.fromEntries(names.map((name) => [name, "s"])));
  for (const name of names) await signIn.user(file, basic(`${name}:s`), "a");
  const others = fileOf({ x: "s", y: "s" });
  for (const name of ["x", "y"]) await signIn.user(others, basic(`${name}:s`), "a");
  // The first is computed again.
  expect((await signIn.user(file, basic("u0:s"), "a"))?.name).toBe("u0");
});
