/** Who one is in the chat, for as long as this tab is open: a page that is loaded again goes on as the same member. */
export interface Identity {
  readonly name: string;
  readonly room: string;
  /** Undefined before the first welcome. */
  readonly token: string | undefined;
  /** Of a room that has one. */
  readonly key: string | undefined;
}

const STORED_AS = `sockwright chat ${location.pathname}`;

export function storedIdentity(): Identity | undefined {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(STORED_AS) ?? "null");
    if (typeof stored !== "object" || stored === null) return undefined;
    const { name, room, token, key }: Partial<Record<keyof Identity, unknown>> = stored;
    if (typeof name !== "string" || typeof room !== "string" || typeof token !== "string") return undefined;
    return { name, room, token, key: typeof key === "string" ? key : undefined };
  } catch {
    // Storage that is switched off, or that something else has written to: then one joins again.
    return undefined;
  }
}

export function storeIdentity(identity: Identity | undefined): void {
  try {
    if (identity === undefined) sessionStorage.removeItem(STORED_AS);
    else sessionStorage.setItem(STORED_AS, JSON.stringify(identity));
  } catch {
    // The page works without it.
  }
}

/** `#lobby`, or `#lobby/rose` to be asked with a name. */
export function identityOfHash(): { readonly room: string; readonly name: string } {
  const [room = "", name = ""] = location.hash.slice(1).split("/").map(decoded);
  return { room: room === "" ? "lobby" : room, name };
}

export function hashOfRoom(room: string): string {
  return `#${encodeURIComponent(room)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
