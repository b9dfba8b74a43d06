import { expect, test } from "vitest";
import { EventLog } from "../../../src/cli/event-log.ts";
import { UpLog } from "../../../src/cli/up-log.ts";

test.for(["text", "json"] as const)("lost connections are not logged (%s), other errors are", async (form) => {
  let printed = "";
  const write = async (bytes: Uint8Array): Promise<void> => {
    printed += String(bytes);
  };
  const lines = new EventLog({ write });
  const log = new UpLog(lines, form);
  const failed = (code: string, peer: { host: string; port: number } | undefined): void =>
    log.log({ event: "error", service: "page", error: Object.assign(new Error(`recv ${code}`), { code }), peer });
  const client = { host: "127.0.0.1", port: 4711 };
  for (const code of ["ECONNRESET", "EPIPE", "ETIMEDOUT"]) failed(code, client);
  failed("ENOMEM", client);
  failed("EPIPE", undefined);
  await lines.printed();
  expect(printed.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/127\.0\.0\.1:4711.*recv ENOMEM/),
    expect.stringContaining("recv EPIPE"),
  ]);
});
