#!/usr/bin/env node
import { run } from "./program.ts";

/** For what still holds the process, such as a write that nobody takes. */
const EXIT_DELAY_MS = 100;

// Not exit(), which can wait for ever for a thread of V8 that waits for this one: nodejs/node#54918.
process.exitCode = await run(process.argv.slice(2));
setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
