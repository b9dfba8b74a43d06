import { expect, test } from "vitest";
import { checkServerOptions } from "../../../../src/server/tls/server-options.ts";
import type { TlsSettings } from "../../../../src/server/tls/tls-settings.ts";

test.for<[settings: TlsSettings, option: string]>([
  [{ cert: ["a"] }, "key"],
  [{ key: ["a"] }, "cert"],
  [{ cert: ["a", "b"], key: ["a"] }, "key"],
  [{ servername: "a" }, "servername"],
  [{ ca: "a" }, "ca"],
  [{ crl: "a" }, "crl"],
  [{ pin: [`sha256:${"0".repeat(64)}`] }, "pin"],
  [{ client: "ask" }, "client"],
])("%j: %s is wrong", ([settings, option]) => {
  expect(() => checkServerOptions(settings)).toThrow(expect.objectContaining({ option }));
});

test.for<[settings: TlsSettings]>([
  [{}],
  [{ cert: ["a", "b"], key: ["a", "b"], min: "1.3" }],
  [{ client: "require", ca: "a", crl: "b" }],
])("%j", ([settings]) => {
  expect(() => checkServerOptions(settings)).not.toThrow();
});
