// A chat bot: an ordinary member. It answers "!time" with the time.
import { lines } from "sockwright/codec";
import { connect } from "sockwright/server";

const url = process.argv[2] ?? "tcp://127.0.0.1:7000";
const connection = await connect(url);
const chat = connection.frames(lines());

// The first line asks for a name.
await chat.read();
chat.write("clock");
for await (const line of chat) {
  // No member's text can begin a line like a message: the text in <> is always a name.
  const [, name] = /^<([^>]+)> !time$/.exec(line) ?? [];
  if (name !== undefined) chat.write(`${name}: it is ${new Date().toISOString()}`);
}
