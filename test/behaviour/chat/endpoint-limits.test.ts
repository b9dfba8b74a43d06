// How the endpoints of a chat limit a client, and when the kernel sends keepalive probes.
import { expect, onTestFinished, test, vi } from "vitest";
import { type Connection, connect } from "../../../src/server.ts";
import { chat } from "../../../src/services/chat/chat.ts";
import { LocalHub } from "../../../src/services/chat/local-hub.ts";
import { MemoryHistory } from "../../../src/services/chat/memory-history.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";
import { ChatClient, chatServing } from "./web-sockets.ts";

test("the chat stops reading from a member while 64 of its messages wait to be stored", async () => {
  const served = await chatServing();
  const [think, rose] = [await ChatClient.joined(served, "think"), await ChatClient.joined(served, "rose")];
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const append = MemoryHistory.prototype.append;
  vi.spyOn(MemoryHistory.prototype, "append").mockImplementation(async function (this: MemoryHistory, batch) {
    await held;
    await append.call(this, batch);
  });
  const stored = vi.spyOn(LocalHub.prototype, "store");
  onTestFinished(() => void vi.restoreAllMocks());
  const saidBy = (name: string): number => stored.mock.calls.filter(([member]) => member.name === name).length;
  for (let number = 0; number < 70; number++) think.say(`${number}`);
  await until(() => saidBy("think") === 64, "64 messages");
  rose.say("hello");
  await until(() => saidBy("rose") === 1, "a message of another member");
  expect(saidBy("think")).toBe(64);
  goOn();
  await until(() => rose.texts.length === 71, "all messages");
  expect(rose.texts.filter((text) => text !== "hello")).toEqual(Array.from({ length: 70 }, (_, number) => `${number}`));
});

test("the kernel sends keepalive probes to a client of the line endpoint after a minute of silence", async () => {
  const service = chat({ history: "memory" });
  const calls: unknown[][] = [];
  const stream = (connection: Connection): void | Promise<void> => {
    vi.spyOn(connection.link, "setKeepAlive").mockImplementation((...args) => void calls.push(args));
    return service.stream(connection);
  };
  const server = await serving({ ...service, stream });
  const client = await connect(urlOf(server));
  onTestFinished(() => client.abort());
  await client.readUntil("\n");
  expect(calls).toEqual([[true, 60_000]]);
});
