// Runs the tests that reach the addon with an addon built under AddressSanitizer and UndefinedBehaviorSanitizer. Any report fails the run,
// also one of a test's child process.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildNative, sanitized } from "./build-native.mjs";
import { succeeds, vitest } from "./run.mjs";
import { sanitized as tests } from "./test-selections.mjs";

const named = process.argv.slice(2);
const reports = mkdtempSync(join(tmpdir(), "sockwright-sanitizers-"));
try {
  const addon = resolve(buildNative(sanitized));
  const passed = succeeds(
    process.execPath,
    [vitest, "run", "--testTimeout=120000", ...(named.length > 0 ? named : tests)],
    {
      SOCKWRIGHT_ADDON: addon,
      // The runtime must be loaded before node itself, which is not instrumented.
      LD_PRELOAD: runtime("libasan.so"),
      // Leak detection is off, because V8 frees nothing at exit. Reports go to files, because a test may swallow the output of a
      // process that it starts.
      ASAN_OPTIONS: `detect_leaks=0:log_path=${join(reports, "asan")}`,
      UBSAN_OPTIONS: `print_stacktrace=1:log_path=${join(reports, "ubsan")}`,
    },
  );
  for (const report of readdirSync(reports)) console.error(readFileSync(join(reports, report), "utf8"));
  if (!passed || readdirSync(reports).length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}

/** @param {string} library */
function runtime(library) {
  const { stdout } = spawnSync("g++", [`-print-file-name=${library}`], { encoding: "utf8" });
  const path = stdout.trim();
  // g++ prints the bare name when it has no such file.
  if (path === library) throw new Error(`${library} is missing: install the sanitizers of g++`);
  return path;
}
