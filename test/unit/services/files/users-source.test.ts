import { rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { USERS_LOOK_MS, UsersSource } from "../../../../src/services/files/users-source.ts";
import { manualClock } from "../../../../src/testing.ts";
import { freePath } from "../../../support/folders.ts";

const user = (name: string): string => `[[user]]\nname = "${name}"\ntoken = "sha256:${"0".repeat(64)}"\n`;

test("a file that has changed is read again; one with a mistake, or none, changes nothing", () => {
  const path = freePath("users.toml");
  const clock = manualClock();
  const errors: unknown[] = [];
  const write = (text: string): void => writeFileSync(path, text, { mode: 0o600 });
  write(user("ann"));
  const source = new UsersSource(path, clock, (error) => errors.push(error));
  const names = (): readonly string[] => [...source.current.users.keys()];
  write(user("robert"));
  expect(names()).toEqual(["ann"]);
  clock.advance(USERS_LOOK_MS);
  expect(names()).toEqual(["robert"]);
  write("x = 1");
  clock.advance(USERS_LOOK_MS);
  expect(names()).toEqual(["robert"]);
  clock.advance(USERS_LOOK_MS);
  expect(names()).toEqual(["robert"]);
  expect(errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_USERS_FILE" }]);
  rmSync(path);
  clock.advance(USERS_LOOK_MS);
  expect(names()).toEqual(["robert"]);
  expect(errors).toHaveLength(2);
  write(user("eve"));
  clock.advance(USERS_LOOK_MS);
  expect(names()).toEqual(["eve"]);
});

test("without a file it cannot begin", () => {
  expect(() => new UsersSource(freePath("none"), manualClock(), () => undefined)).toThrow("cannot be read: ENOENT");
});
