// @ts-check
// Our chat: `chat.mjs memory`, or `chat.mjs FILE` for SQLite.
import { serve } from "../../dist/server.js";
import { chat } from "../../dist/services/chat/chat.js";

const [history] = process.argv.slice(2);
const server = await serve("tcp://127.0.0.1:0", chat({ history, messageBurst: 100_000 }));
console.log(new URL((server.urls[0] ?? "").replace("tcp:", "http:")).port);
