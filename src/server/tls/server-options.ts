import { TlsOptionError } from "./tls-error.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** Checks the options of a server that depend on each other; reads no file. Throws TlsOptionError. */
export function checkServerOptions(settings: TlsSettings): void {
  const { ca, client, pin } = settings;
  checkPairs(settings);
  if (settings.servername !== undefined)
    throw new TlsOptionError("servername", "servername is for clients: a server has the names of its certificates");
  for (const option of ["ca", "crl", "pin"] as const) {
    if (settings[option] !== undefined && client === undefined)
      throw new TlsOptionError(option, `${option} is for certificates of clients: add client=require, or client=ask`);
  }
  if (client !== undefined && ca === undefined && pin === undefined)
    throw new TlsOptionError(
      "client",
      `client=${client} needs ca, the authorities of the clients' certificates, or pin`,
    );
}

/** Checks that there are as many keys as certificates. Throws TlsOptionError. */
export function checkPairs({ cert = [], key = [] }: TlsSettings): void {
  if (cert.length > key.length)
    throw new TlsOptionError("key", "each cert needs a key: give key once for each cert, in the same order");
  if (key.length > cert.length)
    throw new TlsOptionError("cert", "each key needs a cert: give cert once for each key, in the same order");
}
