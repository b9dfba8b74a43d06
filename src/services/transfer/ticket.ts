import { parseSocketUrl } from "../../server/url/socket-url.ts";
import { TransferError } from "./transfer-error.ts";

/** Limits the characters of a ticket; a longer text is not one. */
export const MAX_TICKET_LENGTH = 1_024;

/** What a receiver gives to a sender. Whoever has it first becomes the sender. */
export interface Ticket {
  /** 128 random bits in base64url, RFC 4648 section 5: 22 characters. */
  readonly secret: string;
  /** Where the receiver listens, with the pin of its certificate: a socket URL of scheme `tls`, `tcp` or `unix`. */
  readonly url: string;
}

/** The schemes of a ticket, and those of its socket URL. */
const SCHEMES = [
  ["sockwright://", "tls://"],
  ["sockwright+tcp://", "tcp://"],
  ["sockwright+unix://", "unix:"],
] as const;

/** Hosts that are this machine: only they may be sent to without TLS. RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Writes a ticket: `sockwright://SECRET@HOST:PORT/?pin=sha256:HEX`, and the forms without TLS. */
export function formatTicket({ secret, url }: Ticket): string {
  const [scheme, prefix] = SCHEMES.find(([, each]) => url.startsWith(each)) ?? [];
  if (scheme === undefined) throw notTicket("its URL has none of the schemes tls, tcp and unix");
  const place = url.slice(prefix.length).replace("?", scheme === "sockwright://" ? "/?" : "?");
  return `${scheme}${secret}@${place}`;
}

/**
 * Reads a ticket, with white space around it.
 *
 * @throws TransferError `BAD_TICKET`: the secret, the place or the pin is missing or malformed; without TLS, a host that is not this
 *   machine. The message does not repeat the ticket, which is a secret.
 */
export function parseTicket(text: string): Ticket {
  const trimmed = text.trim();
  if (trimmed.length > MAX_TICKET_LENGTH) throw notTicket(`it has more than ${MAX_TICKET_LENGTH} characters`);
  const [scheme, prefix] = SCHEMES.find(([each]) => trimmed.startsWith(each)) ?? [];
  if (scheme === undefined) throw notTicket("it does not begin with sockwright://");
  const [, secret, place] = /^([\w-]{22})@(\S+)$/.exec(trimmed.slice(scheme.length)) ?? [];
  if (secret === undefined || place === undefined) throw notTicket("it has no secret of 22 characters before an @");
  const url = prefix + (prefix === "unix:" ? place : place.replace(/\/(?=\?|$)/, ""));
  checkPlace(url);
  return { secret, url };
}

function checkPlace(url: string): void {
  let parsed: ReturnType<typeof parseSocketUrl>;
  try {
    parsed = parseSocketUrl(url);
  } catch (error) {
    throw notTicket("its place is not HOST:PORT, or its pin not sha256:HEX", error);
  }
  if (parsed.scheme === "tls") {
    const { host, port, scheme: _, pin, ...others } = parsed;
    if (pin?.length !== 1) throw notTicket("it has no pin=sha256:HEX of the receiver's certificate");
    if (port === 0 || host === "*") throw notTicket("its place is not HOST:PORT");
    if (Object.values<unknown>(others).some((value) => value !== undefined))
      throw notTicket("it has options other than the pin");
  } else if (parsed.scheme === "tcp") {
    if (!LOOPBACK.test(parsed.host)) throw notTicket("it is without TLS, which is for this machine only");
    if (parsed.port === 0 || url.includes("?")) throw notTicket("its place is not HOST:PORT");
  } else if (url.includes("?")) throw notTicket("it has options");
}

function notTicket(reason: string, cause?: unknown): TransferError {
  return new TransferError("BAD_TICKET", `The text is not a ticket: ${reason}`, { cause });
}
