// `sockwright files` as a user starts it, and the commands beside it; errors are one line, and exit code 2.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Child } from "../support/child.ts";
import { sha256 } from "../support/sha256.ts";
import { requireTool } from "../support/tools.ts";
import { runHere } from "./in-process.ts";
import { freeFolder, start, stopped } from "./sockwright.ts";

/** A server that is ready, and its URL. */
async function startFiles(root: string, ...args: readonly string[]): Promise<{ child: Child; url: string }> {
  const child = await start("files", root, "0", ...args);
  const [, url = ""] = await child.line(/^(?:\{"event":"listening","url":"|listening on )([^"]+)/);
  return { child, url };
}

function curl(...args: readonly string[]): string {
  return execFileSync("curl", ["-sS", ...args], { encoding: "utf8" });
}

test("curl uploads, lists and downloads; each change is a line", async (context) => {
  requireTool(context, "curl");
  const folder = freeFolder();
  const root = join(folder, "root");
  mkdirSync(root);
  const file = join(folder, "a b.txt");
  writeFileSync(file, "hello");
  const { child, url } = await startFiles(root);
  expect(curl("-T", file, `${url}/docs/a%20b.txt`, "-w", "%{http_code}")).toBe("201");
  await child.line(/^created docs\/a b\.txt, 5 bytes from 127\.0\.0\.1$/);
  expect(curl(`${url}/docs/a%20b.txt`)).toBe("hello");
  expect(curl(`${url}/docs/?sha256`)).toBe(`${sha256("hello")}  a b.txt\n`);
  expect(JSON.parse(curl("-F", `f=@${file}`, `${url}/`))).toMatchObject({ files: [{ name: "a b.txt", size: 5 }] });
  // A folder at the end of the URL: curl adds the name of the file.
  expect(curl("-T", file, `${url}/other/`, "-w", "%{http_code}")).toBe("201");
  expect(await stopped(child)).toContain("created other/a b.txt");
  const sums = await runHere(["files", "receipts", root, "--sums"]);
  const checked = execFileSync("sha256sum", ["-c", "--strict"], { cwd: root, input: sums.stdout, encoding: "utf8" });
  expect(checked.match(/OK$/gm)).toHaveLength(3);
  const receipts = await runHere(["files", "receipts", root]);
  expect(
    receipts.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event),
  ).toEqual(["created", "created", "created"]);
});

test("--json prints one object per line", async (context) => {
  requireTool(context, "curl");
  const root = freeFolder();
  const { child, url } = await startFiles(root, "--json");
  curl("-X", "PUT", "-d", "hello", `${url}/a`);
  const [line] = await child.line(/^\{.*"created".*\}$/);
  expect(JSON.parse(line)).toMatchObject({
    event: "created",
    path: "a",
    size: 5,
    sha256: sha256("hello"),
    address: "127.0.0.1",
  });
  await stopped(child);
});

test("users: an entry that the command makes, for a token and for a password, and a link for all", async (context) => {
  requireTool(context, "curl");
  const folder = freeFolder();
  const [root, users] = [join(folder, "root"), join(folder, "users.toml")];
  mkdirSync(root);
  const ci = await runHere(["files", "user", "ci"]);
  const [, token = ""] = /: (\S+)\n$/.exec(ci.stderr) ?? [];
  const ann = await runHere(["files", "user", "ann", "--password"], "päss word\n");
  const rule = '[[path]]\npath = "/"\nuser = "+"\nallow = ["list", "read", "create"]\n';
  writeFileSync(users, ci.stdout + ann.stdout + rule, { mode: 0o600 });
  const { child, url } = await startFiles(root, "--users", users);
  const put = (...args: readonly string[]): string =>
    curl("-X", "PUT", "-d", "x", "-o", "/dev/null", "-w", "%{http_code}", ...args);
  expect(put(`${url}/a`)).toBe("401");
  expect(put(`${url}/a`, "-H", `Authorization: Bearer ${token}`)).toBe("201");
  expect(put(`${url}/b`, "-u", "ann:päss word")).toBe("201");
  expect(put(`${url}/c`, "-u", "ann:wrong")).toBe("401");
  const link = await runHere(["files", "link", root, "/a", "--base", url, "--for", "1h"]);
  expect(curl(link.stdout.trim())).toBe("x");
  expect(await stopped(child)).toContain("created b, 1 bytes by ann from 127.0.0.1");
});

test("a second server on the folder is refused; it can be served again after SIGKILL", async () => {
  const root = freeFolder();
  const { child } = await startFiles(root);
  const second = await runHere(["files", root, "0"]);
  expect(second).toEqual({
    code: 2,
    stdout: "",
    stderr: `sockwright: ${root}: another  sockwright files  serves this folder\n`,
  });
  child.kill("SIGKILL");
  await child.exit();
  const { child: later } = await startFiles(root);
  await stopped(later);
  const { stdout } = await runHere(["files", "link", root, "/a"]);
  const [, expires = ""] = /[?]expires=(\d+)&/.exec(stdout) ?? [];
  // DEFAULT_LINK_MS: a day.
  expect(Math.abs(Number(expires) - Date.now() / 1_000 - 24 * 60 * 60)).toBeLessThan(600);
});

test.each([
  [["files"], "a folder is missing: write  sockwright files ROOT, such as  sockwright files ."],
  [["files", "no-such-folder"], "no-such-folder: there is no such folder"],
  [["files", "8080"], "8080: there is no such folder: write the folder first, as in  sockwright files . 8080"],
  [["files", ".", "x"], '"x" is not a port: write a number from 0 to 65535, or --listen URL'],
  [
    ["files", ".", "1", "--listen", "http://127.0.0.1:1"],
    "1 and --listen both say where to listen: leave one of them out",
  ],
  [["files", ".", "--listen", "udp://127.0.0.1:1"], "is not a stream socket"],
  [["files", ".", "--listen", "http://0.0.0.0:1"], "can be reached from other machines: write --users FILE"],
  [
    ["files", ".", "--listen", "http://*:1", "--allow", "list"],
    "can be reached from other machines: write --users FILE",
  ],
  [["files", ".", "--allow", "write"], "--allow must be one of list, read, create, overwrite, delete. It is 'write'"],
  [["files", ".", "--allow", "list", "--users", "x"], "--allow is for a server without users"],
  [["files", ".", "--users", "no-such-file"], "the users file no-such-file cannot be read: ENOENT"],
  [["files", ".", "--quota", "x"], "--quota must be a number of bytes, such as 65536, 64KiB or 16MiB. It is 'x'"],
  [["files", ".", "--max-size", "0"], "--max-size is out of range"],
  [["files", ".", "--max-partials", "x"], "--max-partials must be a whole number, such as 1000"],
  [["files", ".", "--host", "a/b"], "--host"],
  [["files", ".", "--allow-origin", "app"], "--allow-origin"],
  [["files", ".", "--digest", "md5"], "--digest"],
  [["files", "link", "."], "write  sockwright files link ROOT PATH"],
  [["files", "link", "no-such-folder", "/a"], "no-such-folder: no  sockwright files  has served this folder"],
  [["files", "link", ".", "/../a"], "The path has a segment . or .."],
  [["files", "link", ".", "/a", "--for", "400d"], "a link is valid for at most a year"],
  [["files", "link", ".", "/a", "--for", "soon"], '--for "soon" is not a time'],
  [["files", ".", "--expire", "soon"], "--expire"],
  [["files", "link", ".", "/a", "--base", "x"], '--base "x" is not the URL of a server'],
  [["files", "receipts"], "write  sockwright files receipts ROOT"],
  [["files", "receipts", "no-such-folder"], "no-such-folder: no  sockwright files  has served this folder"],
  [["files", "user"], "write  sockwright files user NAME"],
  [["files", "user", "a", "--password"], "there is no password: write it to standard input, as one line"],
])("%j: one line, exit code 2", async (args, message) => {
  const { code, stdout, stderr } = await runHere(args);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(existsSync(".sockwright")).toBe(false);
});

test("a password that is too long is refused: MAX_PASSWORD_BYTES", async () => {
  const { code, stderr } = await runHere(["files", "user", "a", "--password"], "x".repeat(2_000));
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("1024 bytes") });
});

test("a file of the name of the folder is refused", async () => {
  const file = join(freeFolder(), "file");
  writeFileSync(file, "");
  expect(await runHere(["files", file])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("it is not a folder"),
  });
  expect(readFileSync(file, "utf8")).toBe("");
});
