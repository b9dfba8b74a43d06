// The message, the text and the code of anything that was thrown.
/**
 * Returns the message of a thrown value. A program can throw anything, also values without text, and values that throw when
 * they are read.
 */
export function messageOf(thrown: unknown): string {
  return tryText(() => (thrown instanceof Error ? thrown.message : thrown));
}

/** Returns the name and the message of a thrown value; see {@link messageOf}. */
export function textOf(thrown: unknown): string {
  return tryText(() => thrown);
}

function tryText(look: () => unknown): string {
  try {
    return String(look());
  } catch {
    return "the thrown value is not an error and has no text";
  }
}

/** Returns the `code` of a thrown error; undefined if it has none. */
export function codeOf(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
  } catch {
    return undefined;
  }
}
