/** What bundlers write. A document with such a name is more likely to be somebody's own. */
const ASSETS = /\.(?:css|m?js|json|map|wasm|woff2?|ttf|otf|eot|svg|png|jpe?g|gif|webp|avif|ico|mp[34]|webm|ogg)$/;
/** Where Vite and what is built with it (Astro, Nuxt, SvelteKit) write. */
const BUILD_FOLDER = /\/(?:assets|_astro|_nuxt|immutable)\//;

/** webpack and Parcel: `main.8d2f3a1b.js`, `main.8d2f3a1b.chunk.js`, `8d2f3a1b9c.css`. */
const HEX = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{8,64}$/;
/** `20261201a`, `1dec2026`, `2026feb01`: dates in hexadecimal letters. */
const HEX_DATE = /^(?:19|20)\d{6}|^\d{1,4}(?:dec|feb)\d{1,4}$/;
/** esbuild: `chunk-K2X7QF5B.js`. */
const BASE32 = /[-.]([A-Z2-7]{8})\./;
/** Rollup, so Vite: `index-BxK3d9_a.js`, `index.BxK3d9_a.js`, `BxK3d9_a.js`. */
const BASE64URL = /(?:^|[-.])([\w-]{8})\.[a-z0-9]+(?:\.map)?$/;
/** `original`, `Chapter1`, `mainMenu`, `VERSION2`, `20261201`. */
const WORD = /^(?:[A-Z]?[a-z]+(?:[A-Z][a-z]+)*|[A-Z]+)?\d*$/;

/**
 * Whether a file has a hash of its content in its name, so that another content has another name. It goes by how bundlers write
 * one, into files that bundlers write:
 *
 * - 8 to 64 hexadecimal digits in small letters between dots, dashes or underscores, with a digit and a letter, and no date;
 * - 8 letters of base32 in capitals behind a dash or dot, with a digit before a letter;
 * - in a folder `assets`, `_astro`, `_nuxt` or `immutable`, 8 letters of base64url before the extension that are no words and no numbers.
 *
 * Where it cannot be told it says no: `chunk-ABCDEFGH.js` may be a word. That costs a question to the server, and a wrong yes
 * would keep an old file in browsers for a year.
 *
 * @param path - decoded, from its first slash on.
 */
export function hasContentHash(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!ASSETS.test(name)) return false;
  if (name.split(/[-._]/).some((part) => HEX.test(part) && !HEX_DATE.test(part))) return true;
  const base32 = BASE32.exec(name)?.[1];
  if (base32 !== undefined && !WORD.test(base32) && /\d/.test(base32)) return true;
  const base64url = BUILD_FOLDER.test(path) ? BASE64URL.exec(name)?.[1] : undefined;
  return base64url !== undefined && !base64url.split(/[-_]/).every((part) => WORD.test(part));
}
