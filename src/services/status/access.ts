import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "../../http/service/http-request.ts";
import { addressKey } from "../../server/limits/address-key.ts";
import { AddressRate, type Rate } from "../../server/limits/address-rate.ts";
import type { Clock } from "../../server/time/clock.ts";
import type { Peer } from "../../server/transport/peer.ts";
import { parseSocketUrl } from "../../server/url/socket-url.ts";
import { SessionCookie } from "./session-cookie.ts";

/** Limits the wrong tokens of one address, of one /64 network, or of all Unix sockets; beyond it, the service refuses every token from there. */
export const WRONG_TOKEN_RATE: Rate = { perSecond: 0.1, burst: 10 };
/** The Retry-After of such a refusal: the time until the service checks one more token. */
export const WRONG_TOKEN_RETRY_SECONDS = 10;

/** The decision on a request. `not-local`: the service has no token, so only clients on this machine have access. */
export type Verdict = "not-local" | "no-token" | TokenVerdict;
/** The decision on a token. */
type TokenVerdict = "allowed" | "wrong-token" | "too-many-wrong";

/** Decides which clients may see the status and close connections. It ignores what a proxy says of its client. */
export class Access {
  readonly sessions = new SessionCookie();
  readonly #token: Buffer | undefined;
  readonly #wrongTokenRate: AddressRate;
  /** The number of refused tokens, those that were not checked included. */
  wrongTokens = 0;

  /** @param token - undefined: no token is needed, and only peers on this machine have access. */
  constructor(token: string | undefined, clock: Clock) {
    this.#token = token === undefined ? undefined : digest(token);
    this.#wrongTokenRate = new AddressRate(WRONG_TOKEN_RATE, clock);
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** If there is a token, local clients need it, too: behind a proxy on this machine all clients are local. */
  judge(request: Pick<HttpRequest, "headers">, peer: Peer): Verdict {
    if (this.#token === undefined) return isLocal(peer) ? "allowed" : "not-local";
    if (this.sessions.isValidIn(request, Date.now())) return "allowed";
    const given = bearerToken(request);
    return given === undefined ? "no-token" : this.checkToken(given, peer);
  }

  /** Checks a token that a client has sent. */
  checkToken(given: string, peer: Peer): TokenVerdict {
    const key = addressKey(peer) ?? "unix";
    const isMatch = this.#token !== undefined && timingSafeEqual(digest(given), this.#token);
    const isSpent = this.#wrongTokenRate.isSpent(key);
    if (isMatch && !isSpent) return "allowed";
    this.wrongTokens++;
    if (isSpent) return "too-many-wrong";
    this.#wrongTokenRate.take(key);
    return "wrong-token";
  }
}

/**
 * Whether other machines can reach a listener, so that it needs a token. For a socket that another program opened this is unknown and
 * the result is false; the service refuses requests from other machines over it.
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

/** RFC 1122, section 3.2.1.3, and RFC 4291, section 2.5.3; also an IPv4-mapped IPv6 address. */
function isLoopback(host: string): boolean {
  return host === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(host);
}

/** Digests have one length, so that the comparison takes constant time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
