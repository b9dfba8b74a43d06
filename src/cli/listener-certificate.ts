import { parseSocketUrl } from "../server/url/socket-url.ts";
import { canHaveOwnCertificate, certificateAdvice, lacksCertificate } from "../supervisor/own-certificate.ts";
import { CommandError, exitCodes } from "./command-error.ts";

/** Refuses a `--listen` URL with TLS that has no certificate, unless the command makes one for it. Throws CommandError, SocketUrlError. */
export function checkCertificate(text: string): void {
  const url = parseSocketUrl(text);
  if (!lacksCertificate(url) || canHaveOwnCertificate(url)) return;
  throw new CommandError(`--listen ${JSON.stringify(text)} ${certificateAdvice(url)}`, exitCodes.usage);
}
