import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "../../http/service/http-request.ts";
import { addressKey } from "../../server/limits/address-key.ts";
import { AddressRate, type Rate } from "../../server/limits/address-rate.ts";
import type { Clock } from "../../server/time/clock.ts";
import type { Peer } from "../../server/transport/peer.ts";
import { parseSocketUrl } from "../../server/url/socket-url.ts";
import { SessionCookie } from "./session-cookie.ts";

/** How many wrong tokens are looked at of one address, of one /64 network, or of all Unix sockets. Then every token of it is refused. */
export const WRONG_TOKEN_RATE: Rate = { perSecond: 0.1, burst: 10 };
/** How long until one more wrong token is accepted for a check. */
export const WRONG_TOKEN_RETRY_SECONDS = 10;

/** `not-local`: there is no token, and so only who is on this machine has access. */
export type Verdict = "not-local" | "no-token" | TokenVerdict;
/** What becomes of a token. */
type TokenVerdict = "allowed" | "wrong-token" | "too-many-wrong";

/** Who may look, and close connections. What a proxy says of its client is not believed. */
export class Access {
  readonly sessions = new SessionCookie();
  readonly #token: Buffer | undefined;
  readonly #wrong: AddressRate;
  /** Tokens that were wrong, also those that were not looked at. */
  wrongTokens = 0;

  /** @param token - undefined: none is needed, and only peers of this machine are let in. */
  constructor(token: string | undefined, clock: Clock) {
    this.#token = token === undefined ? undefined : digest(token);
    this.#wrong = new AddressRate(WRONG_TOKEN_RATE, clock);
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** With a token everybody needs it: behind a proxy of this machine everybody is local. */
  judge(request: Pick<HttpRequest, "headers">, peer: Peer): Verdict {
    if (this.#token === undefined) return isLocal(peer) ? "allowed" : "not-local";
    if (this.sessions.isIn(request, Date.now())) return "allowed";
    const given = bearerToken(request);
    return given === undefined ? "no-token" : this.tried(given, peer);
  }

  /** What becomes of a token that somebody has given. */
  tried(given: string, peer: Peer): TokenVerdict {
    const key = addressKey(peer) ?? "unix";
    const isRight = this.#token !== undefined && timingSafeEqual(digest(given), this.#token);
    const isSpent = this.#wrong.isSpent(key);
    if (isRight && !isSpent) return "allowed";
    this.wrongTokens++;
    if (isSpent) return "too-many-wrong";
    this.#wrong.take(key);
    return "wrong-token";
  }
}

/**
 * Whether a listener can be reached from other machines, so that the status is only served with a token. Of a socket that somebody
 * else has opened nobody knows; whoever comes over it from elsewhere is refused.
 *
 * @throws SocketUrlError.
 */
export function needsToken(url: string): boolean {
  const place = parseSocketUrl(url);
  if ("host" in place) return place.host !== "localhost" && !isLoopback(place.host);
  return "cid" in place;
}

/** RFC 6750, section 2.1. */
function bearerToken({ headers }: Pick<HttpRequest, "headers">): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get("Authorization") ?? "")?.[1];
}

function isLocal(peer: Peer): boolean {
  if ("host" in peer) return isLoopback(peer.host);
  return "path" in peer || "abstract" in peer;
}

/** RFC 1122, section 3.2.1.3, and RFC 4291, section 2.5.3; also an IPv4 address in IPv6's clothes. */
function isLoopback(host: string): boolean {
  return host === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(host);
}

/** As long as any other, so that the comparison tells nothing. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
