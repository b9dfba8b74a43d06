import type { GivenOptions } from "../options/option-table.ts";
import type { SocketUrl } from "../url/socket-url.ts";
import { TLS_OPTIONS } from "./tls-options.ts";

/** The checked options of TLS. */
export type TlsSettings = GivenOptions<typeof TLS_OPTIONS>;

/** The options of TLS: those of the URL, and else those that the program has given. */
export function tlsSettings(url: SocketUrl, given: TlsSettings): TlsSettings {
  const all: TlsSettings = { ...given, ...url };
  return Object.fromEntries(
    Object.keys(TLS_OPTIONS).flatMap((name) => {
      const value: unknown = Reflect.get(all, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
