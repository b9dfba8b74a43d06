/** The user's identity in the chat. It is stored while the tab is open, so that a reloaded page continues as the same member. */
export interface Identity {
  readonly name: string;
  readonly room: string;
  /** Undefined before the first welcome. */
  readonly token: string | undefined;
  /** The key of the room, if it has one. */
  readonly key: string | undefined;
}

const STORAGE_KEY = `sockwright chat ${location.pathname}`;

export function loadIdentity(): Identity | undefined {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null");
    if (typeof stored !== "object" || stored === null) return undefined;
    const { name, room, token, key }: Partial<Record<keyof Identity, unknown>> = stored;
    if (typeof name !== "string" || typeof room !== "string" || typeof token !== "string") return undefined;
    return { name, room, token, key: typeof key === "string" ? key : undefined };
  } catch {
    // The storage is disabled or has other content: the user joins again.
    return undefined;
  }
}

export function storeIdentity(identity: Identity | undefined): void {
  try {
    if (identity === undefined) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, JSON.stringify(identity));
  } catch {
    // The page works without storage.
  }
}

/** Reads the room and the name from the address of the page: `#lobby`, or `#lobby/rose`. */
export function identityOfHash(): { readonly room: string; readonly name: string } {
  const [room = "", name = ""] = location.hash.slice(1).split("/").map(decode);
  return { room: room === "" ? "lobby" : room, name };
}

export function hashOfRoom(room: string): string {
  return `#${encodeURIComponent(room)}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
