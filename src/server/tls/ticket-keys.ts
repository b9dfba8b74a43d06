import { randomBytes } from "node:crypto";

/** node:tls takes 48 bytes: a name, a key for HMAC and one for AES, of 16 bytes each. */
const TICKET_KEYS_SIZE = 48;

/** Returns new keys for session tickets — RFC 5077. Only their owner can resume a session that they sealed. */
export function newTicketKeys(): Buffer {
  return randomBytes(TICKET_KEYS_SIZE);
}
