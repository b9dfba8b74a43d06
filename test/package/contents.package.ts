// The files that the package contains, and those that it must not contain.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { problemsOf } from "../../scripts/check-prebuilt.mjs";
import { findTool } from "../support/tools.ts";

/** A twentieth more than its size, with `files` and its page: a larger package contains a file that it should not. */
const MAX_TARBALL_BYTES = 1_520 * 1024;

const tarball = inject("tarball");
const architectures = "program" in findTool("compiler for arm64") ? ["arm64", "x64"] : ["x64"];
const folder = mkdtempSync(join(tmpdir(), "sockwright-contents-"));
let files: string[] = [];
beforeAll(() => {
  const { stdout } = spawnSync("tar", ["--extract", "--verbose", "--file", tarball, "--directory", folder], {
    encoding: "utf8",
  });
  files = stdout.trimEnd().split("\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the addon for each architecture needs libc alone", () => {
  const addons = files.filter((file) => file.endsWith(".node"));
  expect(addons.sort()).toEqual(architectures.map((architecture) => `package/prebuilds/linux-${architecture}.node`));
  expect(addons.flatMap((addon) => problemsOf(join(folder, addon)))).toEqual([]);
});

test("an addon that needs another library is found", () => {
  expect(problemsOf("/bin/bash")).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/: it must load from 1 to \d+ bytes, and loads \d+$/),
      expect.stringMatching(/: it must need only libc\.so\.6, and needs .+$/),
      expect.stringMatching(/: its symbol \S+@GLIBC_2\.\d+ is newer than glibc 2\.17$/),
    ]),
  );
});

test("the package has no install script, and no platform that npm would refuse", () => {
  const manifest = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
  const ran = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
  expect(Object.keys(manifest.scripts).filter((name) => ran.includes(name))).toEqual([]);
  expect(manifest).toMatchObject({ gypfile: false, engines: { node: ">=20.19" } });
  // Each dependency has the exact version that was tested.
  const { dependencies, optionalDependencies } = manifest;
  for (const version of Object.values({ ...dependencies, ...optionalDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  // The chat history needs it on Node 20 alone, and reports if it is missing.
  expect(Object.keys(optionalDependencies)).toEqual(["libsql"]);
  for (const kind of ["peerDependencies", "bundleDependencies"]) expect(manifest).not.toHaveProperty(kind);
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const locked = Object.entries<{ dev?: boolean; hasInstallScript?: boolean }>(packages);
  const installed = locked.filter(([name, { dev = false }]) => name !== "" && !dev);
  expect(installed.length).toBeGreaterThan(0);
  expect(installed.filter(([, { hasInstallScript = false }]) => hasInstallScript)).toEqual([]);
  expect(manifest).not.toHaveProperty("os");
  expect(manifest).not.toHaveProperty("cpu");
  expect(manifest.repository).toEqual({ type: "git", url: "git+https://github.com/sockwright/sockwright.git" });
});

test("the bundled code of commander keeps its licence", () => {
  const command = readFileSync(join(folder, "package/dist/cli/sockwright.js"), "utf8");
  expect(command).toContain(readFileSync("node_modules/commander/LICENSE", "utf8"));
  for (const file of files.filter((name) => /^package\/dist\/.*\.js$/.test(name)))
    expect(readFileSync(join(folder, file), "utf8")).not.toMatch(/(?:from|import|require\() ?"commander"/);
});

test("the package contains the files that its users need, and no others", () => {
  // npm run docs and the build of the examples write to dist too.
  const extra = files.filter((file) => /^package\/dist\/(?:docs|examples|\.)/.test(file));
  expect(extra).toEqual([]);
  const top = new Set(files.map((file) => file.split("/").slice(1, 2).join()));
  expect([...top].sort()).toEqual(
    [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "README.zh-CN.md",
      "SECURITY.md",
      "dist",
      "native",
      "package.json",
      "prebuilds",
    ].sort(),
  );
  expect(statSync(tarball).size).toBeLessThan(MAX_TARBALL_BYTES);
});
