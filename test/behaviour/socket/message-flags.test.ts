import { expect, test } from "vitest";
import { MSG_CMSG_CLOEXEC } from "../../../src/index.ts";
import { tcpPair } from "../../support/sockets.ts";

test("flags are 0 if there is nothing to report, and contain no flag that the caller did not pass", async () => {
  const [left, right] = await tcpPair();
  await left.sendall("one");
  expect((await right.recvmsg(1024)).flags).toBe(0);
  await left.sendall("two");
  expect((await right.recvmsg_into([Buffer.alloc(1024)])).flags).toBe(0);
  await left.sendall("three");
  // recvmsg(2) on Linux returns this flag.
  expect((await right.recvmsg(1024, { flags: MSG_CMSG_CLOEXEC })).flags).toBe(MSG_CMSG_CLOEXEC);
});
