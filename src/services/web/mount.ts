import type { IncomingMessage } from "node:http";
import { requestTarget } from "../../http/request-target.ts";

/** The path below which a middleware is mounted. */
export interface Mount {
  /** The part of the path before the mount, as it was sent, without a trailing slash; `""` at the root. */
  readonly path: string;
  /** Whether the request names the mount itself without a trailing slash: relative links of its page would lead elsewhere. */
  readonly isAsked: boolean;
}

/**
 * The part that a framework has cut from the path of a request. Express, Connect, Polka and Fastify's middie keep the whole path in
 * `originalUrl`, and use `/` when they cut all of it; Express also keeps the cut part in `baseUrl`. When a program
 * has replaced the path by one that is not the end of the original, there is no mount.
 *
 * @param path - the rest of the path, without the query.
 */
export function mountOf(message: IncomingMessage, path: string): Mount {
  const baseUrl = textOf(message, "baseUrl");
  const original = requestTarget(message.method ?? "", textOf(message, "originalUrl") ?? "")?.path;
  if (original === undefined) return { path: baseUrl ?? "", isAsked: false };
  if (original.endsWith(path)) return { path: original.slice(0, -path.length), isAsked: false };
  // In Express, `/` may be a rewritten path: a program may send all its pages to the first one.
  const isAsked = path === "/" && (baseUrl === undefined || baseUrl === original);
  return { path: isAsked ? original : (baseUrl ?? ""), isAsked };
}

/** A property that a framework adds to the request. */
function textOf(message: IncomingMessage, name: "baseUrl" | "originalUrl"): string | undefined {
  const value: unknown = Reflect.get(message, name);
  return typeof value === "string" ? value : undefined;
}
