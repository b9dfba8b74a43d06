import type { IncomingMessage } from "node:http";
import { requestTarget } from "../../http/request-target.ts";

/** Where a middleware stands. */
export interface Mount {
  /** What was in front of the path, as it was sent, without a slash at its end; `""` at the root. */
  readonly path: string;
  /** Whether that itself was asked for, without a slash at its end: relative links of a page would lead elsewhere. */
  readonly isAsked: boolean;
}

/**
 * What a framework has taken from the path of a request. Express, Connect, Polka and middie of Fastify keep the whole in
 * `originalUrl`, and put a slash where they have taken all of it; Express has what it has taken in `baseUrl` besides. A path that
 * a program has replaced, and which is no end of the original one, says nothing of a mount.
 *
 * @param path - what is left of it, without the query.
 */
export function mountOf(message: IncomingMessage, path: string): Mount {
  const baseUrl = textOf(message, "baseUrl");
  const original = requestTarget(message.method ?? "", textOf(message, "originalUrl") ?? "")?.path;
  if (original === undefined) return { path: baseUrl ?? "", isAsked: false };
  if (original.endsWith(path)) return { path: original.slice(0, -path.length), isAsked: false };
  // In Express `/` can be another page that was asked for, of a program that leads all of them to its first one.
  const isAsked = path === "/" && (baseUrl === undefined || baseUrl === original);
  return { path: isAsked ? original : (baseUrl ?? ""), isAsked };
}

/** A property that a framework has added. */
function textOf(message: IncomingMessage, name: "baseUrl" | "originalUrl"): string | undefined {
  const value: unknown = Reflect.get(message, name);
  return typeof value === "string" ? value : undefined;
}
