import type { Advice } from "./foreign-flag.ts";
import { hostPortOf } from "./host-port.ts";

const CHECKED = "certificates are always checked";

const withTls: Advice = ({ command, operands }) => {
  const place = hostPortOf(operands) ?? "127.0.0.1:8443";
  if (command === "connect") return `write sockwright connect tls://${place}`;
  const listen = command === "greet" ? "greet --listen" : command;
  return `write sockwright ${listen} 'tls://${place}?cert=FILE&key=FILE'`;
};
const pair: Advice = ({ value = "FILE" }) => `write ?cert=${value}&key=FILE after the URL of tls:`;
const key: Advice = ({ value = "FILE" }) => `write ?cert=FILE&key=${value} after the URL of tls:`;
const authority: Advice = ({ value = "FILE" }) => `write ?ca=${value} after the URL of tls:`;
const pin: Advice = () =>
  `${CHECKED}: write ?pin=sha256:HEX after the URL to accept one; sockwright tls URL  shows its fingerprint`;
const name: Advice = ({ value = "NAME" }) => `write ?servername=${value} after the URL of tls:`;
const protocols: Advice = ({ value = "NAME" }) => `write ?alpn=${value} after the URL of tls:`;
const lowest = (version: string) => () => `write ?min=${version} after the URL of tls:`;
const suites: Advice = () => "it is not offered: only suites with forward secrecy are used";
const proxyHeader: Advice = () => "write ?proxy-send=v1 after the URL";

/** The flags for TLS of ncat, curl, socat and `openssl s_client`, and what `connect`, `listen` and `greet` have instead. */
export const TLS_FLAGS: Readonly<Record<string, Advice>> = {
  "--ssl": withTls,
  "--tls": withTls,
  "--ssl-cert": pair,
  "--cert": pair,
  "-cert": pair,
  "--ssl-key": key,
  "--key": key,
  "-key": key,
  "--ssl-trustfile": authority,
  "--cacert": authority,
  "-CAfile": authority,
  "--ssl-verify": () => `leave it out: ${CHECKED}`,
  "--insecure": pin,
  "--no-check-certificate": pin,
  "--pinnedpubkey": pin,
  "--ssl-servername": name,
  "-servername": name,
  "--ssl-alpn": protocols,
  "--alpn": protocols,
  "-alpn": protocols,
  "--ssl-ciphers": suites,
  "--ciphers": suites,
  "--crlfile": ({ value = "FILE" }) => `write ?crl=${value} after the URL of tls:`,
  "--tlsv1.2": lowest("1.2"),
  "--tlsv1.3": lowest("1.3"),
  "--haproxy-protocol": proxyHeader,
  "-Z": () => "write  sockwright tls URL , which shows the certificates of a server",
};

/** Those that take a value. */
export const TLS_VALUES =
  /^-(?:-ssl-(?:cert|key|trustfile|servername|alpn|ciphers)|-?cert|-?key|-cacert|CAfile|servername|-pinnedpubkey|-?alpn|-ciphers|-crlfile)$/;

const webCertificate: Advice = ({ value, operands: [root = "ROOT"] }) => {
  const cert = value === undefined || /key$/.test(value) ? "FILE" : value;
  return `write  sockwright web ${root} --listen 'https://127.0.0.1:8443?cert=${cert}&key=FILE'`;
};
const webTls: Advice = ({ operands: [root = "ROOT"] }) =>
  `write  sockwright web ${root} --listen https://127.0.0.1:8443 , which makes a certificate by itself`;

/** Those of web servers, and what `web` has instead. */
export const WEB_TLS_FLAGS: Readonly<Record<string, Advice>> = {
  "-K": webCertificate,
  "--cert": webCertificate,
  "--key": webCertificate,
  "--ssl-cert": webCertificate,
  "--ssl-key": webCertificate,
  "--tls-cert": webCertificate,
  "--tls-key": webCertificate,
  "--ssl": webTls,
  "--tls": webTls,
  "--https": webTls,
  "--http2": () => "it is not offered: browsers speak HTTP/1.1, too",
};

export const WEB_TLS_VALUES = /^-(?:K|-(?:ssl-|tls-)?(?:cert|key))$/;

/** What `chat` has instead. */
export const chatTls: Advice = () =>
  "write --listen https://127.0.0.1:8443/chat/ to host a chat, --join https://HOST:PORT/chat/ to take part";
