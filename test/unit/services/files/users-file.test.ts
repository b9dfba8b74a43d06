import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  MAX_PATH_RULES,
  MAX_SCRYPT_BYTES,
  MAX_USERS,
  MAX_USERS_FILE_BYTES,
  parseUsers,
  readUsersFile,
} from "../../../../src/services/files/users-file.ts";
import { freePath } from "../../../support/folders.ts";

const TOKEN = `token = "sha256:${"0".repeat(64)}"`;
const USER = `[[user]]\nname = "ci"\n${TOKEN}\n`;
const HASH = `${"A".repeat(22)}==:${"A".repeat(43)}=`;
const rule = (path: string, user = "*", allow = '["read"]'): string =>
  `[[path]]\npath = ${JSON.stringify(path)}\nuser = "${user}"\nallow = ${allow}\n`;

test("a file with everything", () => {
  const text = `[anonymous]\nallow = ["list"]\n${USER}groups = ["staff"]\n[[user]]\nname = "ann"\npassword = "scrypt:16384:8:1:${HASH}"\n${rule("/a b/ä/", "@staff")}${rule("/", "ci")}`;
  const { users, rules } = parseUsers(text, "f");
  expect([...users.keys()]).toEqual(["ci", "ann"]);
  expect(users.get("ann")?.password).toMatchObject({ cost: 16_384, blockSize: 8, parallelization: 1 });
  expect([...rules.rightsAt(users.get("ci"), "a b/ä/x")]).toEqual(["read"]);
  expect([...rules.rightsAt(users.get("ann"), "x")]).toEqual([]);
});

test.each([
  ["x = 1", 'has the unknown key "x" for the file'],
  ["[anonymous]\nallow = 1", "has allow for [anonymous] that is not a list of texts"],
  ["anonymous = 1", "has [anonymous] that is not a table"],
  ["[user]\nname = 1", "has user that is not written as [[user]]"],
  ["[[user]]\nname = 1", "has a name for user 1 that is not text"],
  ["[[user]]", "has no name for user 1"],
  ['[[user]]\nname = "a:b"', "other letters"],
  ['[[user]]\nname = "@a"', "other letters"],
  ['[[user]]\nname = "a"', "has neither a token nor a password for the user a"],
  ['[[user]]\nname = "a"\ntoken = "x"', "that is not sha256:HEX"],
  ['[[user]]\nname = "a"\npassword = "x"', "that is not scrypt:N:r:p"],
  [`[[user]]\nname = "a"\npassword = "scrypt:1000:8:1:${HASH}"`, "numbers that scrypt does not take"],
  [`[[user]]\nname = "a"\npassword = "scrypt:1048576:8:1:${HASH}"`, "takes too much memory"],
  [USER + USER, 'has the user "ci" twice'],
  [rule("/a"), 'has the path "/a"'],
  [rule("a/"), 'has the path "a/"'],
  [rule("/../"), 'has the path "/../"'],
  [rule("/a/", "bob"), 'has the user "bob"'],
  [rule("/a/", "@staff"), 'has the user "@staff"'],
  [rule("/a/", "*", '["write"]'), 'has the right "write"'],
  ['[[path]]\npath = "/a/"\nuser = "*"', "has no allow"],
  ["a =", "is not TOML: line 1"],
])("%j", (text, message) => {
  expect(() => parseUsers(text, "u.toml")).toThrow(message);
});

test("the memory of a password", () => {
  const password = (cost: number): string => `[[user]]\nname = "a"\npassword = "scrypt:${cost}:8:1:${HASH}"`;
  const most = MAX_SCRYPT_BYTES / (128 * 8);
  expect(parseUsers(password(most), "f").users.size).toBe(1);
  expect(() => parseUsers(password(2 * most), "f")).toThrow("takes too much memory");
});

test("limits: users, rules, bytes", () => {
  const users = Array.from({ length: MAX_USERS + 1 }, (_, at) => `[[user]]\nname = "u${at}"\n${TOKEN}\n`);
  expect(() => parseUsers(users.join(""), "f")).toThrow(`more than ${MAX_USERS} [[user]]`);
  expect(parseUsers(users.slice(1).join(""), "f").users.size).toBe(MAX_USERS);
  const rules = rule("/a/").repeat(MAX_PATH_RULES + 1);
  expect(() => parseUsers(rules, "f")).toThrow(`more than ${MAX_PATH_RULES} [[path]]`);
  const path = freePath("users.toml");
  writeFileSync(path, `#${" ".repeat(MAX_USERS_FILE_BYTES)}`, { mode: 0o600 });
  expect(() => readUsersFile(path)).toThrow(`has more than ${MAX_USERS_FILE_BYTES} bytes`);
});

test("a file that is missing, is a folder, or can be read by others", () => {
  const path = freePath("users.toml");
  expect(() => readUsersFile(path)).toThrow("cannot be read: ENOENT");
  expect(() => readUsersFile("/")).toThrow("is no regular file");
  writeFileSync(path, USER, { mode: 0o640 });
  expect(() => readUsersFile(path)).toThrow("chmod 600");
});
