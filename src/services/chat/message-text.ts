import { ChatError } from "./chat-error.ts";
import { escapeText } from "./escape-text.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * What a member has sent, as the others are to see it: escaped, once, on its way in.
 *
 * @throws ChatError BAD_TEXT, TOO_LONG.
 */
export function messageText(given: string | Uint8Array, maxBytes: number): string {
  const bytes = typeof given === "string" ? Buffer.byteLength(given) : given.length;
  if (bytes > maxBytes) throw new ChatError("TOO_LONG", `Not sent: longer than ${maxBytes} bytes.`);
  if (bytes === 0) throw new ChatError("BAD_TEXT", "Not sent: it is empty.");
  return escapeText(decoded(given));
}

function decoded(given: string | Uint8Array): string {
  if (typeof given === "string") {
    if (!LONE_SURROGATE.test(given)) return given;
  } else {
    try {
      return UTF8.decode(given);
    } catch {
      // All that it can be is one sentence for the author.
    }
  }
  throw new ChatError("BAD_TEXT", "Not sent: it is no UTF-8.");
}
