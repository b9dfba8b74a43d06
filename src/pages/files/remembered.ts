/** The beginning of the keys of this page in localStorage. */
const PREFIX = "sockwright-upload ";
/** Limits the uploads that the browser remembers; beyond it, the oldest are forgotten. */
const MAX_REMEMBERED_UPLOADS = 200;

/** The uploads of this browser that are not complete, so that they go on after a reload when the same file is chosen again. */
export class Remembered {
  readonly #key: string;

  /** @param url - of the file to be. */
  constructor(url: string, { size, lastModified }: File) {
    this.#key = `${PREFIX}${url} ${size} ${lastModified}`;
  }

  /** Where the upload is; undefined when none is remembered. */
  get location(): string | undefined {
    const text = storage()?.getItem(this.#key) ?? undefined;
    return text?.slice(text.indexOf(" ") + 1);
  }

  set(location: string): void {
    try {
      storage()?.setItem(this.#key, `${Date.now()} ${location}`);
      forgetOldest();
    } catch {
      // The storage is full or switched off: the upload goes on, but not after a reload.
    }
  }

  forget(): void {
    storage()?.removeItem(this.#key);
  }
}

function storage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    // The browser keeps nothing for this site.
    return undefined;
  }
}

function forgetOldest(): void {
  const own = Object.entries(localStorage as unknown as Record<string, string>).filter(([key]) =>
    key.startsWith(PREFIX),
  );
  own.sort(([, one], [, other]) => Number.parseInt(other, 10) - Number.parseInt(one, 10));
  for (const [key] of own.slice(MAX_REMEMBERED_UPLOADS)) localStorage.removeItem(key);
}
