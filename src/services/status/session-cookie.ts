import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "../../http/service/http-request.ts";

/** The lifetime of a session; after that, the browser's user must enter the token again. */
export const SESSION_MS = 12 * 60 * 60 * 1_000;

const NAME = "sockwright-status";
/** The size of the key that signs cookies. Each start of the service generates a new key. */
const KEY_BYTES = 32;

/**
 * The session cookie that a browser sends instead of the token: the end of the session, signed with a key of this process. So the
 * service needs no table of sessions that could grow, and no session outlives it.
 */
export class SessionCookie {
  readonly #key = randomBytes(KEY_BYTES);

  /** Returns the value of Set-Cookie. Scripts cannot read the cookie, and requests from other sites do not carry it. */
  make(nowMs: number, { mountPath }: Pick<HttpRequest, "mountPath">, isSecure: boolean): string {
    const endMs = String(nowMs + SESSION_MS);
    const attributes = [`Path=${pathOf(mountPath)}`, `Max-Age=${SESSION_MS / 1_000}`, "HttpOnly", "SameSite=Strict"];
    if (isSecure) attributes.push("Secure");
    return [`${NAME}=${endMs}.${this.#sign(endMs).toString("base64url")}`, ...attributes].join("; ");
  }

  /** Returns the value of Set-Cookie that deletes the cookie. */
  remove({ mountPath }: Pick<HttpRequest, "mountPath">): string {
    return `${NAME}=; Path=${pathOf(mountPath)}; Max-Age=0; HttpOnly; SameSite=Strict`;
  }

  /** Whether a request has a valid cookie whose session has not ended. */
  isValidIn({ headers }: Pick<HttpRequest, "headers">, nowMs: number): boolean {
    const pairs = (headers.get("Cookie") ?? "").split(";").map((pair) => pair.trim());
    return pairs.some((pair) => pair.startsWith(`${NAME}=`) && this.#isValid(pair.slice(NAME.length + 1), nowMs));
  }

  #isValid(value: string, nowMs: number): boolean {
    const [, endMs = "", signature = ""] = /^(\d{1,15})\.([\w-]{1,100})$/.exec(value) ?? [];
    const given = Buffer.from(signature, "base64url");
    const expected = this.#sign(endMs);
    return given.length === expected.length && timingSafeEqual(given, expected) && Number(endMs) > nowMs;
  }

  #sign(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

/** Escapes the path: a semicolon would end the attribute, RFC 6265, section 4.1.1. */
function pathOf(mountPath: string): string {
  return mountPath.includes(";") ? "/" : `${mountPath}/`;
}
