import { expect } from "vitest";

/**
 * The calls that Node names, and the C calls that are really made in their place. Everything else about an error is the
 * same to the letter.
 */
const cCalls: Readonly<Record<string, readonly string[]>> = {
  read: ["recv"], // net.Socket
  write: ["send"],
  recvmsg: ["recv", "recvfrom", "recvmsg"], // dgram.Socket receives by recvmsg(2), whatever ours is asked for
  send: ["send", "sendto", "sendmsg"],
  listen: ["bind", "listen"], // net.Server tells both as listen
  bind: ["bind"],
  connect: ["connect"],
  getaddrinfo: ["getaddrinfo"],
};

/** How an error shows itself: its message, and each property of its own. */
export interface ErrorShape {
  readonly message: string;
  readonly syscall: string;
  readonly [property: string]: unknown;
}

/** The shape of an error of the system. A property that is undefined counts as absent. */
export function shapeOf(error: unknown): ErrorShape {
  if (!(error instanceof Error) || !("syscall" in error)) throw new Error("not a system error", { cause: error });
  // A pipe's port is -1 in what net.Server tells, and absent in what net.Socket tells. Ours is absent in either.
  const own = Object.entries(error).filter(
    ([name, value]) => value !== undefined && !(name === "port" && value === -1),
  );
  return { ...Object.fromEntries(own), message: error.message, syscall: String(error.syscall) };
}

/** Ours is Node's to the letter, but for the C call in place of Node's. */
export function expectNodesShape(ours: unknown, nodes: unknown, syscall: string): void {
  expectSameShape(shapeOf(ours), shapeOf(nodes), syscall);
}

/** As {@link expectNodesShape}, of shapes that another process has told. */
export function expectSameShape(ours: ErrorShape, nodes: ErrorShape, syscall: string): void {
  expect(cCalls[nodes.syscall]).toContain(syscall);
  const message = nodes.message.replace(nodes.syscall, syscall);
  expect(ours).toEqual({ ...nodes, syscall, message });
}

/** The error that a promise rejects with; a promise that does not reject fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`there was no error, but ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

/** The error that a call throws; a call that does not throw fails the test. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
