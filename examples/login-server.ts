// Who logs in is served, the others are cut: node dist/examples/login-server.js [HOST:PORT]
import { randomBytes, scrypt as scryptWithCallback, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { lines } from "sockwright/codec";
import type { Connection, Handshake } from "sockwright/server";
import { run } from "./command.ts";
import { listenHere } from "./listen-here.ts";

const scrypt = promisify<string, Buffer, number, Buffer>(scryptWithCallback);
const [LOGIN_MS, IDLE_MS] = [Number(process.env["LOGIN_MS"] ?? 10_000), 600_000];
const KEY_BYTES = 32;
const salt = randomBytes(16); // a real one keeps salt and hash of each user, and no password
const accounts = new Map([["ada", await scrypt("lovelace", salt, KEY_BYTES)]]);
const nobody = randomBytes(KEY_BYTES); // so that an unknown name takes as long as a wrong password
const names = new WeakMap<Connection, string>();

/** Between accept and service: only who rejects here, or closes, is never served. */
const login: Handshake = async (connection) => {
  const dialogue = connection.frames(lines({ maxFrameBytes: 256 }));
  dialogue.write("name and password, a line each");
  const [name = "", password = ""] = [await dialogue.read(), await dialogue.read()];
  const key = await scrypt(password, salt, KEY_BYTES);
  const isRight = timingSafeEqual(key, accounts.get(name) ?? nobody);
  dialogue.write(isRight ? `welcome, ${name}` : "no");
  if (isRight) names.set(connection, name);
  else await connection.close();
};

async function session(connection: Connection): Promise<void> {
  const dialogue = connection.frames(lines());
  for await (const line of dialogue) dialogue.write(`${names.get(connection)}: ${line}`);
}

await run(() => {
  const first = { handshake: login, handshakeTimeoutMs: LOGIN_MS, maxHandshakesPerAddress: 8 };
  const ofAddress = { maxConnectionsPerAddress: 16, acceptRatePerAddress: { perSecond: 100 } };
  return listenHere(session, { ...first, ...ofAddress, idleTimeoutMs: IDLE_MS });
});
