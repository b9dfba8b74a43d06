// Makes the package once for all tests: with the addons for both architectures if there is a compiler for both.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { findTool } from "../support/tools.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly tarball: string;
  }
}

export function setup(project: TestProject): void {
  // If tools are required, the compiler is one of them: npm run package then fails with the reason.
  const needsBoth = "program" in findTool("compiler for arm64") || process.env["SOCKWRIGHT_REQUIRE_TOOLS"] === "1";
  const options = needsBoth ? [] : ["--", "--x64"];
  // A page of `npm run docs`, which may not have run: contents.package.ts expects that the package leaves it out.
  mkdirSync("dist/docs", { recursive: true });
  writeFileSync("dist/docs/of-the-package-test.html", "");
  const { stdout, stderr, status, error } = spawnSync("npm", ["run", "--silent", "package", ...options], {
    encoding: "utf8",
  });
  rmSync("dist/docs/of-the-package-test.html");
  if (error) throw error;
  if (status !== 0) throw new Error(`npm run package failed\n${stdout}${stderr}`);
  project.provide("tarball", stdout.trimEnd().split("\n").at(-1) ?? "");
}
