import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "../../http/service/http-request.ts";

/** How long a browser need not be asked for the token again. */
export const SESSION_MS = 12 * 60 * 60 * 1_000;

const NAME = "sockwright-status";
/** Bytes of the key that signs cookies. Each start makes a new one. */
const KEY_BYTES = 32;

/**
 * What a browser has instead of the token: when its session ends, signed by a key that only this process has. So there is no table
 * of sessions that could grow, and none outlives the service.
 */
export class SessionCookie {
  readonly #key = randomBytes(KEY_BYTES);

  /** The value of Set-Cookie. Scripts cannot read it, and no other site has it sent. */
  make(nowMs: number, { mountPath }: Pick<HttpRequest, "mountPath">, isSecure: boolean): string {
    const endMs = String(nowMs + SESSION_MS);
    const attributes = [`Path=${pathOf(mountPath)}`, `Max-Age=${SESSION_MS / 1_000}`, "HttpOnly", "SameSite=Strict"];
    if (isSecure) attributes.push("Secure");
    return [`${NAME}=${endMs}.${this.#sign(endMs).toString("base64url")}`, ...attributes].join("; ");
  }

  /** The same for who leaves. */
  remove({ mountPath }: Pick<HttpRequest, "mountPath">): string {
    return `${NAME}=; Path=${pathOf(mountPath)}; Max-Age=0; HttpOnly; SameSite=Strict`;
  }

  /** Whether a request has one that is good still. */
  isIn({ headers }: Pick<HttpRequest, "headers">, nowMs: number): boolean {
    const pairs = (headers.get("Cookie") ?? "").split(";").map((pair) => pair.trim());
    return pairs.some((pair) => pair.startsWith(`${NAME}=`) && this.#isGood(pair.slice(NAME.length + 1), nowMs));
  }

  #isGood(value: string, nowMs: number): boolean {
    const [, endMs = "", signature = ""] = /^(\d{1,15})\.([\w-]{1,100})$/.exec(value) ?? [];
    const given = Buffer.from(signature, "base64url");
    const right = this.#sign(endMs);
    return given.length === right.length && timingSafeEqual(given, right) && Number(endMs) > nowMs;
  }

  #sign(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

/** RFC 6265, section 4.1.1: a semicolon would end it. */
function pathOf(mountPath: string): string {
  return mountPath.includes(";") ? "/" : `${mountPath}/`;
}
