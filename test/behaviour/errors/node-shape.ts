import { expect } from "vitest";

/**
 * The calls that Node's errors name, and the C calls that ours name in their place. Everything else about an error is
 * identical.
 */
const cCalls: Readonly<Record<string, readonly string[]>> = {
  read: ["recv"], // net.Socket
  write: ["send"],
  recvmsg: ["recv", "recvfrom", "recvmsg"], // dgram.Socket receives with recvmsg(2), whichever call ours makes
  send: ["send", "sendto", "sendmsg"],
  listen: ["bind", "listen"], // net.Server reports both as listen
  bind: ["bind"],
  connect: ["connect"],
  getaddrinfo: ["getaddrinfo"],
};

/** The visible parts of an error: its message and its own properties. */
export interface ErrorShape {
  readonly message: string;
  readonly syscall: string;
  readonly [property: string]: unknown;
}

/** Returns the shape of a system error. A property that is undefined counts as absent. */
export function shapeOf(error: unknown): ErrorShape {
  if (!(error instanceof Error) || !("syscall" in error)) throw new Error("not a system error", { cause: error });
  // For a pipe, net.Server reports port -1, net.Socket reports no port, and our errors never have one.
  const own = Object.entries(error).filter(
    ([name, value]) => value !== undefined && !(name === "port" && value === -1),
  );
  return { ...Object.fromEntries(own), message: error.message, syscall: String(error.syscall) };
}

/** Expects our error to equal Node's, except for the name of the call. */
export function expectNodesShape(ours: unknown, nodes: unknown, syscall: string): void {
  expectSameShape(shapeOf(ours), shapeOf(nodes), syscall);
}

/** As {@link expectNodesShape}, for shapes that another process reported. */
export function expectSameShape(ours: ErrorShape, nodes: ErrorShape, syscall: string): void {
  expect(cCalls[nodes.syscall]).toContain(syscall);
  const message = nodes.message.replace(nodes.syscall, syscall);
  expect(ours).toEqual({ ...nodes, syscall, message });
}

/** Returns the error that a promise rejects with; a promise that does not reject fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`there was no error, but ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

/** Returns the error that a call throws; a call that does not throw fails the test. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
