import { BlockList, isIPv6 } from "node:net";
import { wrongType, wrongValue } from "../socket/values.ts";
import type { TextOptionKind } from "./options/option-kind.ts";
import type { Peer } from "./transport/peer.ts";
import { parseSource, UNIX_SOURCE } from "./url/proxy-source.ts";

const FORM = 'an array of addresses and networks, such as ["10.0.0.0/8"], or "unix"';

/** The kind of the option `proxyFrom`; its text form joins the sources by commas. */
export const PROXY_FROM: TextOptionKind<readonly string[] | undefined> = {
  defaultValue: undefined,
  range: 'addresses and networks, or "unix"',
  check(path, given) {
    const sources: unknown = typeof given === "string" ? given.split(",") : given;
    if (!Array.isArray(sources) || sources.length === 0) throw wrongType(path, FORM, given);
    return sources.map((source: unknown) => {
      if (typeof source !== "string") throw wrongType(path, FORM, given);
      return parseSource(source, (reason) => wrongValue(path, reason, source));
    });
  },
  parse(path, text) {
    return PROXY_FROM.check(path, text) ?? [];
  },
};

/** The sources from which a listener takes connections. */
export class ProxySources {
  /** One list for each family: in one list for both, `::/0` would include the IPv4 addresses. */
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  readonly #hasUnix: boolean;

  /** @param sources - as `parseSource` returns them. */
  constructor(sources: readonly string[]) {
    this.#hasUnix = sources.includes(UNIX_SOURCE);
    for (const source of sources) {
      if (source === UNIX_SOURCE) continue;
      const [address = "", bits] = source.split("/");
      const type = isIPv6(address) ? "ipv6" : "ipv4";
      if (bits === undefined) this.#lists[type].addAddress(address, type);
      else this.#lists[type].addSubnet(address, Number(bits), type);
    }
  }

  /** Whether a connection may come from the peer. An IPv4-mapped address is that of an IPv4 client; zones do not matter. */
  includes(peer: Peer): boolean {
    if (!("host" in peer)) return this.#hasUnix && !("cid" in peer);
    const [host = ""] = peer.host.split("%");
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
    const address = mapped ?? host;
    const type = isIPv6(address) ? "ipv6" : "ipv4";
    return this.#lists[type].check(address, type);
  }
}
