import { reasonPhrase } from "../../http/reason-phrase.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { ChatError } from "./chat-error.ts";
import { type ChatMember, MAX_HISTORY_MESSAGES, MAX_SEARCH_CHARACTERS } from "./chat-hub.ts";
import { messageJson } from "./server-frame.ts";
import type { WebSocketEndpoint } from "./web-socket-endpoint.ts";

/** The default of the parameter `limit`: messages of one page of the history. */
const DEFAULT_PAGE_MESSAGES = 50;

const FIELDS = {
  "Content-Type": "application/json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/**
 * Answers an HTTP request of a member, authorized by the token of its welcome: `history?room=&before=&limit=&q=`, and `rooms`. A request
 * counts for the rate as a message does.
 *
 * @throws RequestError.
 */
export async function answerToMember(endpoint: WebSocketEndpoint, request: HttpRequest): Promise<HttpResponse> {
  if (request.method !== "GET" && request.method !== "HEAD")
    throw new RequestError(405, reasonPhrase(405), { headers: { Allow: "GET, HEAD" } });
  const [, token = ""] = /^Bearer ([\w-]+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  const member = endpoint.findMember(token);
  if (member === undefined)
    throw new RequestError(401, "No member has this token", { headers: { "WWW-Authenticate": "Bearer" } });
  try {
    for (let wait = member.awaitRate(); wait !== undefined; wait = member.awaitRate()) await wait;
    const body = request.path === "/rooms" ? { rooms: await member.rooms() } : await historyOf(member, request.query);
    return { headers: FIELDS, body: JSON.stringify(body) };
  } catch (error) {
    if (error instanceof ChatError) throw new RequestError(503, error.message, { cause: error });
    throw error;
  }
}

async function historyOf(member: ChatMember, query: URLSearchParams): Promise<object> {
  const { room } = member;
  if (query.get("room") !== room) throw new RequestError(403, "The member is not in this room");
  const limit = numberOf(query, "limit", MAX_HISTORY_MESSAGES) ?? DEFAULT_PAGE_MESSAGES;
  const before = numberOf(query, "before", Number.MAX_SAFE_INTEGER);
  const search = query.get("q") ?? undefined;
  if (search !== undefined && (search === "" || search.length > MAX_SEARCH_CHARACTERS))
    throw new RequestError(400, `q must have 1 to ${MAX_SEARCH_CHARACTERS} characters`);
  const messages = await member.history({ limit, before, search });
  return { room, messages: messages.map(messageJson) };
}

function numberOf(query: URLSearchParams, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > max) throw new RequestError(400, `${name} must be a number from 1 to ${max}`);
  return number;
}
