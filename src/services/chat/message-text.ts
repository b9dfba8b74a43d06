import { ChatError } from "./chat-error.ts";
import { escapeText } from "./escape-text.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Decodes, checks and escapes a text that a member sends. The hub calls this once, before it stores the text.
 *
 * @throws ChatError BAD_TEXT, TOO_LONG.
 */
export function messageText(given: string | Uint8Array, maxBytes: number): string {
  const bytes = typeof given === "string" ? Buffer.byteLength(given) : given.length;
  if (bytes > maxBytes) throw new ChatError("TOO_LONG", `Not sent: longer than ${maxBytes} bytes.`);
  if (bytes === 0) throw new ChatError("BAD_TEXT", "Not sent: it is empty.");
  return escapeText(decode(given));
}

function decode(given: string | Uint8Array): string {
  if (typeof given === "string") {
    if (!LONE_SURROGATE.test(given)) return given;
  } else {
    try {
      return UTF8.decode(given);
    } catch {
      // The author gets the error below.
    }
  }
  throw new ChatError("BAD_TEXT", "Not sent: it is not UTF-8.");
}
