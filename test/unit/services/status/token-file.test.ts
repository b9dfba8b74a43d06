import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { MAX_TOKEN_BYTES, MIN_TOKEN_BYTES, readToken } from "../../../../src/services/status/token-file.ts";

function placeOfFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-token-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "token");
}

function fileWith(content: string, mode = 0o600): string {
  const path = placeOfFile();
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const TOKEN = "0123456789abcdef";

describe("a token file", () => {
  test.each([
    ["as it is", TOKEN],
    ["with an LF", `${TOKEN}\n`],
    ["with a CRLF", `${TOKEN}\r\n`],
  ])("has its token %s", (_, content) => {
    expect(readToken(fileWith(content))).toBe(TOKEN);
  });

  test("has a token of MIN_TOKEN_BYTES to MAX_TOKEN_BYTES", () => {
    const longest = "x".repeat(MAX_TOKEN_BYTES);
    expect(readToken(fileWith(`${longest}\n`))).toBe(longest);
    expect(readToken(fileWith("x".repeat(MIN_TOKEN_BYTES)))).toBe("x".repeat(MIN_TOKEN_BYTES));
  });

  test.each([
    ["is too short", TOKEN.slice(1), 0o600, /16 to 1024 letters/],
    ["is empty", "", 0o600, /16 to 1024 letters/],
    ["is too long", "x".repeat(MAX_TOKEN_BYTES + 1), 0o600, /16 to 1024 letters/],
    ["has two lines", `${TOKEN}\n${TOKEN}\n`, 0o600, /one line/],
    ["has a space", `${TOKEN} x`, 0o600, /one line/],
    ["others can read", TOKEN, 0o604, /mode 0604: chmod 600 it/],
    ["the group can write", TOKEN, 0o620, /mode 0620: chmod 600 it/],
  ])("that %s is rejected", (_, content, mode, reason) => {
    const path = fileWith(content, mode);
    expect(() => readToken(path)).toThrow(reason);
    expect(() => readToken(path)).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_TOKEN_FILE" }));
  });

  test("may be a systemd credential, whose ACL appears as group permissions", () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const path = fileWith(TOKEN, 0o440);
    expect(() => readToken(path)).toThrow(/mode 0440: chmod 600 it/);
    vi.stubEnv("CREDENTIALS_DIRECTORY", dirname(dirname(path)));
    expect(() => readToken(path)).toThrow(/mode 0440: chmod 600 it/);
    vi.stubEnv("CREDENTIALS_DIRECTORY", dirname(path));
    expect(readToken(path)).toBe(TOKEN);
    chmodSync(path, 0o444);
    expect(() => readToken(path)).toThrow(/mode 0444: chmod 600 it/);
  });

  test("that does not exist is rejected", () => {
    expect(() => readToken(placeOfFile())).toThrow(/cannot be read: ENOENT/);
  });

  test("that is a folder is rejected, and so is a pipe without a writer", () => {
    const [folder, pipe] = [placeOfFile(), placeOfFile()];
    mkdirSync(folder);
    spawnSync("mkfifo", ["-m", "600", pipe]);
    expect(() => readToken(folder)).toThrow(/is no regular file/);
    expect(() => readToken(pipe)).toThrow(/is no regular file/);
  });
});
