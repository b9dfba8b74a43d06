import { codeOf, messageOf } from "../socket/values.ts";

/** A listener that cannot be opened: which one, and whose. */
export class ListenerError extends Error {
  /** That of the error behind it, such as `EADDRINUSE`. */
  readonly code: string | undefined;
  readonly service: string;
  /** That of the listener; of several ones all of them, where the error does not say which. */
  readonly url: string;

  constructor(service: string, urls: readonly string[], cause: unknown) {
    const url = urlBehind(urls, cause);
    super(`the service ${service} cannot listen on ${url}: ${messageOf(cause)}`, { cause });
    this.name = "ListenerError";
    this.code = codeOf(cause);
    this.service = service;
    this.url = url;
  }
}

/** Errors of both transports have Node's shape; the port of a path is absent, or negative. */
function urlBehind(urls: readonly string[], error: unknown): string {
  if (!(error instanceof Error)) return urls.join(" ");
  const { address, port } = error as { readonly address?: unknown; readonly port?: unknown };
  const name = typeof port === "number" && port > 0 ? `:${port}` : address;
  const named = typeof name === "string" ? urls.filter((url) => url.replace(/\?.*$/, "").endsWith(name)) : [];
  return (named.length === 1 ? named : urls).join(" ");
}
