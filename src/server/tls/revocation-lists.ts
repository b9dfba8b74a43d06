import { createSecureContext } from "node:tls";
import { messageOf } from "../../socket/values.ts";
import { inputName, type PemInput, readPem } from "./pem-file.ts";
import { TlsOptionError } from "./tls-error.ts";

const LABEL = /^X509 CRL$/;
const BEGIN = /^-----BEGIN X509 CRL-----/gm;
const BLOCK = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;

/** Reads lists of revoked certificates, each as PEM: node:tls takes the first of a text only. Throws TlsOptionError. */
export function readRevocationLists(input: PemInput): string[] {
  const pem = readPem("crl", input, LABEL, "list of revoked certificates");
  const name = inputName("crl", input);
  const lists = [...pem.matchAll(BLOCK)].map(([block]) => `${block}\n`);
  if (lists.length < [...pem.matchAll(BEGIN)].length)
    throw new TlsOptionError("crl", `${name}: it has a list that is cut`);
  try {
    // An empty list of authorities: without one node:tls would parse its own.
    createSecureContext({ ca: [], crl: lists });
  } catch (error) {
    throw new TlsOptionError("crl", `${name}: it has a broken list: ${messageOf(error)}`, { cause: error });
  }
  return lists;
}
