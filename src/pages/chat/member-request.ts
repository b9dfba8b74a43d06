// Requests of the page for older messages and for the list of rooms.
import type { RoomInfo } from "../../services/chat/chat-hub.ts";
import type { MessageJson } from "../../services/chat/server-message.ts";
import type { Identity } from "./identity.ts";

/** The most messages of one request; older ones need another request. */
export const PAGE_MESSAGES = 50;

/** Fetches older messages, or those that contain a text; oldest first. */
export async function fetchHistory(
  identity: Identity,
  wanted: { readonly before?: number | undefined; readonly search?: string | undefined },
): Promise<readonly MessageJson[]> {
  const query = new URLSearchParams({ room: identity.room, limit: `${PAGE_MESSAGES}` });
  if (wanted.before !== undefined) query.set("before", `${wanted.before}`);
  if (wanted.search !== undefined) query.set("q", wanted.search);
  const { messages } = (await fetchJson(identity, `history?${query}`)) as { readonly messages: readonly MessageJson[] };
  return messages;
}

export async function fetchRooms(identity: Identity): Promise<readonly RoomInfo[]> {
  const { rooms } = (await fetchJson(identity, "rooms")) as { readonly rooms: readonly RoomInfo[] };
  return rooms;
}

async function fetchJson({ token }: Identity, path: string): Promise<unknown> {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token ?? ""}` }, cache: "no-store" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
