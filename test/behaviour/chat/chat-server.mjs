// A chat in a process of its own, which a test ends at any moment: `chat-server.mjs FILE`. It writes its URL.
import { serve } from "../../../dist/server.js";
import { chat } from "../../../dist/services/chat/chat.js";

const server = await serve(
  "tcp://127.0.0.1:0",
  chat({ history: process.argv[2], messageRate: 1_000, messageBurst: 10_000 }),
);
console.log(server.urls[0]);
