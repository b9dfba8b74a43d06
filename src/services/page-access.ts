import { isIP } from "node:net";
import type { HttpContext } from "../http/service/handler.ts";
import type { HttpRequest } from "../http/service/http-request.ts";
import { RequestError } from "../http/service/request-error.ts";
import { custom } from "../server/options/option-kind.ts";
import type { SocketUrl } from "../server/url/socket-url.ts";
import { wrongType, wrongValue } from "../socket/values.ts";

/** Loopback names, RFC 6761, section 6.3, and the addresses of the loopback interface. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
/** Limits the host names in the option `hosts`; the option rejects more with a TypeError. */
export const MAX_HOSTS = 100;

/** The option `hosts` of a service. */
export const HOSTS_OPTION = custom("names of hosts", (path, given): readonly string[] => {
  if (!Array.isArray(given)) throw wrongType(path, 'an array, such as ["chat.example.org"]', given);
  if (given.length > MAX_HOSTS) throw wrongValue(path, `must have at most ${MAX_HOSTS} members`, given.length);
  return given.map((host: unknown, place) => {
    const own = `${path}[${place}]`;
    if (typeof host !== "string") throw wrongType(own, "of type string", host);
    parseKnownHost(host, own);
    return host;
  });
});

/** The hosts of a listener on all addresses. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(["*", "0.0.0.0", "::"]);
const FORM =
  'must be a name such as "chat.example.org", with a port or not, or an origin such as "https://chat.example.org"';

/**
 * Decides which requests of browsers may reach the pages of a service. A page of any site can make a browser send requests to this server,
 * even to a listener on loopback, also under a host name of that site (DNS rebinding). So the service checks the host of each request,
 * and the origin of each request that changes something.
 */
export class PageAccess {
  readonly #hosts: readonly KnownHost[];

  /**
   * @param hosts - further host names of the service: `NAME`, `NAME:PORT`, or an origin, `https://NAME`, behind a proxy that terminates
   * TLS.
   * @throws TypeError.
   */
  constructor(hosts: readonly string[] = []) {
    this.#hosts = hosts.map((host) => parseKnownHost(host));
  }

  /**
   * Checks the host of a request.
   *
   * @throws RequestError 421 unless it is the listener's own address, a loopback name or one of the hosts.
   */
  checkHost(request: HttpRequest, context: HttpContext): void {
    const url = urlOf(request, context);
    if (url === undefined || !this.#isOwnHost(url, context)) {
      throw new RequestError(421, "This server does not serve that host: the option hosts lists further hosts");
    }
  }

  /**
   * Checks the origin of a request that changes something or opens a WebSocket: RFC 6455, section 10.2. Programs send no Origin.
   *
   * @throws RequestError 403 unless it comes from a page of the same scheme, host and port.
   */
  checkOrigin(request: HttpRequest, context: HttpContext): void {
    const origin = request.headers.get("Origin");
    if (origin === undefined) return;
    const url = urlOf(request, context);
    const isAllowed = url !== undefined && (origin === url.origin || this.#find(url)?.origin === origin);
    if (!isAllowed) throw new RequestError(403, "A page of another origin may not send this request");
  }

  #isOwnHost(url: URL, { connection }: HttpContext): boolean {
    const { hostname } = url;
    if (LOOPBACK.test(hostname) || this.#find(url) !== undefined) return true;
    const host = hostOf(connection.owner?.at);
    if (host === undefined) return false;
    const address = hostname.replace(/^\[|\]$/g, "");
    // An address cannot be a name that another site controls.
    return ANY_ADDRESS.has(host) ? isIP(address) !== 0 : host.toLowerCase() === address;
  }

  #find(url: URL): KnownHost | undefined {
    return this.#hosts.find(({ hostname, port }) => hostname === url.hostname && (port === "" || port === url.port));
  }
}

interface KnownHost {
  readonly hostname: string;
  /** `""` for any. */
  readonly port: string;
  /** The origin of its pages, if it is known. */
  readonly origin: string | undefined;
}

function parseKnownHost(text: string, path = "hosts"): KnownHost {
  const isOrigin = /^https?:\/\//.test(text);
  const url = parseUrl(isOrigin ? text : `http://${text}`);
  if (url === undefined || url.href !== `${url.origin}/`) throw wrongValue(path, FORM, text);
  // A proxy may send the name with or without a port.
  return { hostname: url.hostname, port: isOrigin ? "" : url.port, origin: isOrigin ? url.origin : undefined };
}

/** Returns the URL of the host that the client addressed. */
function urlOf({ authority }: HttpRequest, { connection }: HttpContext): URL | undefined {
  const scheme = connection.owner?.at.scheme.startsWith("https") === true ? "https" : "http";
  return parseUrl(`${scheme}://${authority}`);
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function hostOf(at: SocketUrl | undefined): string | undefined {
  return at !== undefined && "host" in at ? at.host : undefined;
}
