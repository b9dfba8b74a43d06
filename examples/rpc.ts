// Calls of a remote procedure, as JSON behind its length: for rpc-server.ts and rpc-client.ts.
import { lengthPrefixed, mapFrames } from "sockwright/codec";

const MAX_FRAME_BYTES = 64 * 1024;

/** Answers have the id of their call, and come in any order. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: string }
);

const frames = lengthPrefixed({ maxFrameBytes: MAX_FRAME_BYTES });

export const calls = mapFrames(frames, { decode: callOf, encode: JSON.stringify });
export const answers = mapFrames(frames, {
  decode: (frame): Answer => JSON.parse(String(frame)),
  encode: (call: Call) => JSON.stringify(call),
});

function callOf(frame: Buffer): Call {
  const call: Partial<Call> | null = JSON.parse(String(frame));
  const { id, method, params } = call ?? {};
  if (typeof id !== "number" || typeof method !== "string" || !Array.isArray(params)) {
    throw new TypeError("a call is { id, method, params }");
  }
  return { id, method, params };
}
