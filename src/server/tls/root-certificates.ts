import { existsSync } from "node:fs";
import { rootCertificates } from "node:tls";

/** Where Linux distributions keep the certificates of the authorities that the system trusts, as Go's crypto/x509 looks for them. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7
  "/etc/ssl/cert.pem", // Alpine, macOS, the BSDs
];

/**
 * Returns the authorities that the system trusts: the path of the file that `SSL_CERT_FILE` names (openssl(1)), or of the system's
 * bundle; where there is neither, as in a container without certificates, those that Node brings along.
 */
export function rootBundle(): string | readonly string[] {
  const named = process.env["SSL_CERT_FILE"];
  if (named !== undefined && named !== "") return named;
  return BUNDLES.find((path) => existsSync(path)) ?? rootCertificates;
}
