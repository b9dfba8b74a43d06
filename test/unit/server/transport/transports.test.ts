import { expect, onTestFinished, test, vi } from "vitest";
import type { TransportName } from "../../../../src/server/transport/transport.ts";
import { isOverNode, transport } from "../../../../src/server/transport/transports.ts";

const UNKNOWN = "carrier-pigeon";

test("an unknown name is reported as the argument", async () => {
  await expect(transport(UNKNOWN as TransportName)).rejects.toMatchObject({
    name: "TypeError",
    code: "ERR_INVALID_ARG_VALUE",
    message: "The argument 'name' must be \"native\" or \"node\". Received 'carrier-pigeon'",
  });
});

test("an unknown name in the environment is reported as the variable", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", UNKNOWN);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(transport()).rejects.toMatchObject({
    name: "TypeError",
    code: "ERR_INVALID_ARG_VALUE",
    message: 'SOCKWRIGHT_TRANSPORT is "carrier-pigeon": it can be "native" or "node"',
  });
});

test("the argument takes precedence over the environment", () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "native");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(isOverNode("node")).toBe(true);
  expect(isOverNode(undefined)).toBe(false);
});
