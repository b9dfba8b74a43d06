// Python's socket module: the programs in test/tools/; their arguments say which socket to open.
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";
import type { AddressInput } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import type { Transport } from "./transports.ts";

/** Starts one of the programs with an endpoint of the transport and further arguments. */
export function startPython(
  context: TestContext,
  program: "echo_client" | "echo_server" | "file_object" | "send_file" | "talk",
  { family, type }: Transport,
  address: AddressInput,
  ...rest: readonly (string | number)[]
): Promise<Child> {
  const path = fileURLToPath(new URL(`../tools/${program}.py`, import.meta.url));
  const endpoint = JSON.stringify({ type, address: { ...address, family } });
  return startChild(requireTool(context, "python3"), ["-B", path, endpoint, ...rest.map(String)]);
}
