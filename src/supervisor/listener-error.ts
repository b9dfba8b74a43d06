import { codeOf, messageOf } from "../socket/values.ts";

/** The error of a listener that cannot be opened, with its URL and its service. */
export class ListenerError extends Error {
  /** The code of its cause, such as `EADDRINUSE`. */
  readonly code: string | undefined;
  readonly service: string;
  /** The URL of the listener, or those of all listeners if the cause does not say which one failed. */
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

/** Errors of both transports have the shape of Node's; for a path, the port is absent or negative. */
function urlBehind(urls: readonly string[], error: unknown): string {
  if (!(error instanceof Error)) return urls.join(" ");
  const { address, port } = error as { readonly address?: unknown; readonly port?: unknown };
  const name = typeof port === "number" && port > 0 ? `:${port}` : address;
  const named = typeof name === "string" ? urls.filter((url) => url.replace(/\?.*$/, "").endsWith(name)) : [];
  return (named.length === 1 ? named : urls).join(" ");
}
