// What the web server does for one client: answer after answer, see web-server.ts
import type { Address, Socket } from "sockwright";
import { nameOf } from "./address.ts";
import { lastWord } from "./client-limits.ts";
import { choose } from "./language.ts";
import { answer } from "./web-answer.ts";
import { requests } from "./web-request.ts";

export async function session(peer: Socket, from: Address, signal: AbortSignal): Promise<void> {
  let isEmpty = true;
  for await (const request of requests(peer, signal)) {
    isEmpty = false;
    await peer.sendall(answer(request, from.host ?? ""), { signal });
  }
  if (isEmpty) console.log(`${nameOf(from)}${choose(" is closing", "即将关闭!")}`);
  await lastWord(peer); // a body that was not read is read now
}
