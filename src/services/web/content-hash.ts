/** Extensions of files that bundlers write. A document with such a name was more likely named by a person. */
const ASSETS = /\.(?:css|m?js|json|map|wasm|woff2?|ttf|otf|eot|svg|png|jpe?g|gif|webp|avif|ico|mp[34]|webm|ogg)$/;
/** The folders into which Vite and tools built on it (Astro, Nuxt, SvelteKit) write. */
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
 * Whether the file name contains a hash of the content, so that other content has another name. The rules follow the names that
 * bundlers write, for the extensions that they write:
 *
 * - 8 to 64 lower-case hexadecimal digits between dots, dashes or underscores, with a digit and a letter, and no date;
 * - 8 upper-case letters of base32 after a dash or dot, with a digit before a letter;
 * - in a folder `assets`, `_astro`, `_nuxt` or `immutable`, 8 letters of base64url before the extension that are not a word or a number.
 *
 * In doubt it returns false: `chunk-ABCDEFGH.js` may be a word. A wrong false costs a revalidation, and a wrong true
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
