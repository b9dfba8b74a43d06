import { canHaveOwnCertificate, certificateAdvice, lacksCertificate } from "../own-certificate.ts";
import type { Findings } from "./findings.ts";
import type { ReadService } from "./read-service.ts";
import { addressOf, isAnyPort } from "./shared-listeners.ts";
import { shown } from "./shown.ts";

/** Reports listeners with TLS for which neither their service, nor another one on the same listener, gives a certificate. */
export function checkCertificates(services: readonly ReadService[], findings: Findings): void {
  const all = services.flatMap(({ listeners, shared: { cert } }) =>
    listeners.map((read) => ({ read, isLacking: lacksCertificate(read.url, read.listener, { cert }) })),
  );
  const given = new Set(
    all.flatMap(({ read: { url }, isLacking }) => (isLacking || isAnyPort(url) ? [] : [addressOf(url)])),
  );
  for (const { read, isLacking } of all) {
    const { url, urlPath, text } = read;
    if (!isLacking || canHaveOwnCertificate(url) || given.has(addressOf(url))) continue;
    findings.wrongValue(urlPath, `${shown(text)} ${certificateAdvice(url).replace(": ", "; ")}`);
  }
}
