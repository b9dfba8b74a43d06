#!/usr/bin/env node
// The command's entry point: runs it, and reports an error in one line.

import { run } from "./program.ts";
import { reportError } from "./report-error.ts";
import { processStreams } from "./standard-streams.ts";

/** How long the command waits for what still holds the process, such as a write that no reader takes; then it exits. */
const EXIT_DELAY_MS = 100;

const args = process.argv.slice(2);

// Node's own report goes to standard error as it was when the process began, with a stack; and what nobody awaits comes
// here, too: process 'uncaughtException', for rejections as well.
process.on("uncaughtException", (error: unknown) => {
  void reportError(error, args, processStreams).then((exitCode) => process.exit(exitCode));
});

// No `await` here: the commands import what is bundled with this module, and would wait for its end.
void run(args, processStreams).then((exitCode) => {
  process.exitCode = exitCode;
  // Not exit(), which can wait for ever for a thread of V8 that waits for this one: nodejs/node#54918.
  setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
});
