import { expect, onTestFinished, test } from "vitest";
import { AF_UNIX, SOCK_DGRAM, type Socket, socket, socketpair, WOULD_BLOCK } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { acceptCall } from "../../../src/socket/accept.ts";
import { type Call, isUnfinished } from "../../../src/socket/call.ts";
import { connectCall } from "../../../src/socket/connect.ts";
import type { Endpoint } from "../../../src/socket/endpoint.ts";
import { recvmsgCall, recvmsgIntoCall, sendmsgCall } from "../../../src/socket/message.ts";
import { recvCall, recvfromCall, recvfromIntoCall, recvIntoCall } from "../../../src/socket/receive.ts";
import { sendallCall, sendCall, sendtoCall } from "../../../src/socket/send.ts";
import { SocketDescriptor } from "../../../src/socket/socket-descriptor.ts";

// Here a call runs without a queue, a promise and the event loop, like a blocking call.

function endpointOf(of: Socket<unknown>): Endpoint {
  onTestFinished(() => of.close());
  return SocketDescriptor.endpointOf(of);
}

function pair(type?: number): [Endpoint, Endpoint] {
  const [left, right] = type === undefined ? socketpair() : socketpair(AF_UNIX, type);
  return [endpointOf(left), endpointOf(right)];
}

/** Attempts a call until it ends. Between attempts, poll(2) without a wait must report the event that it waits for. */
function block<T>(call: Call<T>, { slot, generation }: Endpoint): T {
  for (;;) {
    const outcome = call.attempt(false);
    if (!isUnfinished(outcome)) return outcome;
    expect(kernel.poll(slot, generation, call.interest)).toBeGreaterThan(0);
  }
}

test("each form of a receive and of a send", () => {
  const [left, right] = pair();
  const room = Buffer.alloc(4);
  expect(recvCall(right, 16, undefined).attempt(false)).toBe(WOULD_BLOCK);
  expect(block(sendCall(left, "one", undefined), left)).toBe(3);
  expect(block(recvCall(right, 16, undefined), right)).toEqual(Buffer.from("one"));
  expect(block(sendallCall(left, "two!", undefined), left)).toBeUndefined();
  expect(block(recvIntoCall(right, room, undefined), right)).toBe(4);
  expect(room.toString()).toBe("two!");
  expect(block(sendmsgCall(left, ["th", "ree"], undefined), left)).toBe(5);
  expect(block(recvmsgCall(right, 3, undefined), right)).toMatchObject({ data: Buffer.from("thr"), control: [] });
  expect(block(recvmsgIntoCall(right, [room], undefined), right)).toMatchObject({ bytes: 2 });
});

test("datagrams with their senders", () => {
  const receiver = socket(AF_UNIX, SOCK_DGRAM);
  const sender = socket(AF_UNIX, SOCK_DGRAM);
  const [to, from] = [endpointOf(receiver), endpointOf(sender)];
  receiver.bind({ path: "" });
  sender.bind({ path: "" });
  const address = sender.getsockname();
  expect(block(sendtoCall(from, "one", receiver.getsockname(), undefined), from)).toBe(3);
  expect(block(recvfromCall(to, 16, undefined), to)).toEqual([Buffer.from("one"), address]);
  expect(block(sendtoCall(from, "two", receiver.getsockname(), undefined), from)).toBe(3);
  expect(block(recvfromIntoCall(to, Buffer.alloc(16), undefined), to)).toEqual([3, address]);
});

test("a connection, from both ends", () => {
  const listener = socket();
  const client = socket();
  const [listening, connecting] = [endpointOf(listener), endpointOf(client)];
  listener.bind({ host: "127.0.0.1", port: 0 });
  listener.listen();
  expect(block(connectCall(connecting, listener.getsockname(), undefined), connecting)).toBeUndefined();
  const { endpoint, address } = block(acceptCall(listening, undefined), listening);
  onTestFinished(() => endpoint.close());
  expect(address).toEqual(client.getsockname());
});

test("a wrong argument throws when the call is made", () => {
  const [left] = pair();
  expect(() => recvCall(left, -1, undefined)).toThrow(RangeError);
  expect(() => sendCall(left, 1, undefined)).toThrow(TypeError);
  expect(() => connectCall(left, { port: 1 }, undefined)).toThrow(TypeError);
});
