import { type Leaf, selfSignedLeaf } from "./leaf.ts";
import { parseSubjectAltNames } from "./subject-alt-name.ts";

/** The names of this machine that only it reaches. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"] as const;

/** Makes a self-signed certificate for `localhost`, `127.0.0.1` and `::1`, in memory: a server that ends takes it with it. */
export function loopbackCertificate(now = Date.now()): Pick<Leaf, "cert" | "key" | "fingerprint"> {
  const { cert, key, fingerprint } = selfSignedLeaf(parseSubjectAltNames(LOOPBACK_NAMES), now);
  return { cert, key, fingerprint };
}
