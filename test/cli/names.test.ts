// Names and IPv6 addresses in URLs.
import { expect, onTestFinished, test } from "vitest";
import { AF_INET, AF_INET6, socket } from "../../src/index.ts";
import { start, startListener } from "./sockwright.ts";

test.for([
  ["localhost", "127.0.0.1"],
  ["127.0.0.1", "127.0.0.1"],
  ["[::1]", "::1"],
])("connect tcp://%s reaches a server on %s alone", async ([name, host = ""]) => {
  const server = socket(host.includes(":") ? AF_INET6 : AF_INET);
  onTestFinished(() => server.close());
  server.bind({ host, port: 0 });
  const listener = server.listen();
  const child = await start("connect", `tcp://${name}:${listener.getsockname().port}`);
  // If a name has several addresses, the command tries the next one after a refusal.
  const [peer, address] = await listener.accept();
  onTestFinished(() => peer.close());
  expect(address.host).toBe(host);
  await peer.sendall("hello\n");
  await child.line(/^hello$/);
});

test("listen prints an IPv6 address in brackets", async () => {
  const { url } = await startListener("tcp://[::1]:0");
  expect(url).toMatch(/^tcp:\/\/\[::1\]:[1-9]\d*$/);
  const child = await start("connect", url);
  child.stdin.end();
});
