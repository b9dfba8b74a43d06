// A service of the user, and a program that is a member of a chat.
import { expect, test } from "vitest";
import clock from "../../examples/clock-service.ts";
import { connect } from "../../src/server.ts";
import { chat } from "../../src/services/chat/chat.ts";
import { startChild } from "../support/child.ts";
import { serving, urlOf } from "../support/serving.ts";

test("the clock sends the time until the client disconnects", async () => {
  const server = await serving(clock({ seconds: 0.01 }));
  const client = await connect(urlOf(server));
  for (let line = 0; line < 3; line++) {
    expect(String(await client.readUntil("\n"))).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  }
  await client.close();
  expect(await server.close()).toEqual({ aborted: 0, unfinished: 0 });
});

test("the bot answers each question with the time", async () => {
  const server = await serving(chat({ history: "memory" }));
  const client = await connect(urlOf(server));
  client.write("rose\n");
  await startChild(process.execPath, ["dist/examples/chat-bot.js", urlOf(server)]);
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const line = String(await client.readUntil("\n"));
      if (pattern.test(line)) return line;
    }
  };
  await until(/^-- clock joined lobby\n/);
  client.write("!time\n");
  expect(await until(/^<clock> /)).toMatch(/^<clock> rose: it is \d{4}-/);
  client.abort();
});
