import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { expectSameShape } from "./node-shape.ts";
import { nextTold, programPath } from "./told-by.ts";

test("errors have Node's own shape: no permission for a Unix path", async () => {
  const folder = temporaryFolder();
  // Only root can create or find a file in it.
  chmodSync(folder, 0o000);
  const child = await startChild(process.execPath, [programPath("listen-without-permission"), folder]);

  const bind = await nextTold(child);
  expect(bind.ours).toMatchObject({ code: "EACCES", syscall: "bind", address: `${folder}/socket` });
  expectSameShape(bind.ours, bind.nodes, "bind");

  const connect = await nextTold(child);
  expect(connect.ours).toMatchObject({ code: "EACCES", syscall: "connect", address: `${folder}/socket` });
  expectSameShape(connect.ours, connect.nodes, "connect");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});
