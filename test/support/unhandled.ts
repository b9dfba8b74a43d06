import { onTestFinished } from "vitest";
import { turn } from "./until.ts";

/** Records unhandled rejections. Vitest's own listener would fail the run. */
export async function unhandled(act: (errors: readonly unknown[]) => Promise<void> | void): Promise<unknown[]> {
  const before = process.listeners("unhandledRejection");
  const errors: unknown[] = [];
  const note = (error: unknown): unknown => errors.push(error);
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
  onTestFinished(() => {
    process.removeAllListeners("unhandledRejection");
    for (const each of before) process.on("unhandledRejection", each);
  });
  await act(errors);
  await turn(20);
  return errors;
}

/** `throw` as an expression. */
export function raise(error: unknown): never {
  throw error;
}
