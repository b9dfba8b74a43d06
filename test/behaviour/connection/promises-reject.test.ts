// Calls that return a promise reject and never throw; the error for an option of the wrong type says what to write.
import { expect, test } from "vitest";
import type { ServeOptions } from "../../../src/server.ts";
import { serve } from "../../../src/server.ts";
import { serving } from "../../support/serving.ts";

test("server.close() with an invalid time rejects", async () => {
  const server = await serving(async () => undefined);
  await expect(server.close({ graceMs: 1.5 })).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
});

test("serve() with alarms that are not an array rejects", async () => {
  const options: object = { alarms: {} };
  const wrong: ServeOptions = options;
  await expect(serve("tcp://127.0.0.1:0", async () => undefined, wrong)).rejects.toThrow(
    'The "options.alarms" argument must be an array of levels, such as [{ raiseAt: 900 }]',
  );
});
