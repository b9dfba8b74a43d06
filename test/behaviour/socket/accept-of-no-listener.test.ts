import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { AF_INET, AF_UNIX, SHUT_RD, SOCK_SEQPACKET, SOCK_STREAM, socket } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback } from "../../support/sockets.ts";

const ADVICE = {
  code: "EINVAL",
  errno: -constants.errno.EINVAL,
  syscall: "accept",
  message: "accept EINVAL: the socket does not listen: call listen() first",
};

describe.each([
  ["TCP", AF_INET, SOCK_STREAM],
  ["a Unix stream", AF_UNIX, SOCK_STREAM],
  ["Unix seqpacket", AF_UNIX, SOCK_SEQPACKET],
])("%s without listen(): the error says to call listen() first", (_name, family, type) => {
  test("accept, on a bound and an unbound socket", async () => {
    const [server] = closeAtTheEnd(socket(family, type));
    await expect(server.accept()).rejects.toMatchObject(ADVICE);
    server.bind(family === AF_UNIX ? { path: "" } : { host: "127.0.0.1", port: 0 });
    await expect(server.accept()).rejects.toMatchObject(ADVICE);
  });

  test("serve", async () => {
    const [server] = closeAtTheEnd(socket(family, type));
    await expect(server.serve(() => undefined)).rejects.toMatchObject(ADVICE);
  });
});

test("after shutdown of a listener, the error of accept does not mention listen()", async () => {
  const listener = listenOnLoopback();
  listener.shutdown(SHUT_RD);
  await expect(listener.accept()).rejects.toMatchObject({ code: "EINVAL", message: "accept EINVAL" });
});
