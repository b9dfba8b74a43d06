import type { DirectoryEntries, DirectoryEntry } from "./directory-entries.ts";
import { escapedHtml, percentEncoded } from "./escaped-text.ts";
import { LISTING_STYLE } from "./listing-style.ts";

/** Limits the entries that a page shows; of more, it shows the first and says how many there are. */
export const MAX_SHOWN_ENTRIES = 2_000;

type Column = "name" | "size" | "time";

/** The columns to sort entries by. Folders always come before files; equal entries are sorted by name. */
export interface ListingOrder {
  readonly by: Column;
  readonly direction: "asc" | "desc";
}

export interface DirectoryListing extends DirectoryEntries {
  /** Decoded, with a slash at both ends. */
  readonly path: string;
  readonly order: ListingOrder;
}

const COLUMNS: readonly (readonly [column: Column, heading: string])[] = [
  ["name", "Name"],
  ["size", "Size"],
  ["time", "Modified (UTC)"],
];
const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** Parses the order of a query, `sort=name|size|time&order=asc|desc`. Default: by name, ascending. */
export function listingOrder(query: string | undefined): ListingOrder {
  const asked = new URLSearchParams(query);
  const [by] = COLUMNS.find(([column]) => column === asked.get("sort")) ?? (["name"] as const);
  return { by, direction: asked.get("order") === "desc" ? "desc" : "asc" };
}

/**
 * Returns the page of a folder, to send as `text/html; charset=utf-8` with `LISTING_POLICY`. The page needs no script and no other file of
 * the server. A link is relative, begins with `./` and is percent-encoded, so that a browser takes no name for a scheme, a host, a query or
 * another folder.
 */
export function directoryListing({ path, entries, isComplete, order }: DirectoryListing): string {
  const sorted = [...entries].sort(comparison(order));
  const shown = sorted.slice(0, MAX_SHOWN_ENTRIES);
  const title = `Index of ${path}`;
  const isRoot = path === "/";
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapedHtml(title)}</title>
<style>${LISTING_STYLE}</style>
</head>
<body>
<main>
<h1><bdi>${escapedHtml(title)}</bdi></h1>
${isRoot ? "" : '<p><a href="../">Parent folder</a></p>\n'}<table>
<caption>${escapedHtml(captionOf(shown.length, entries.length, isComplete))}</caption>
<thead>
<tr>${COLUMNS.map(([column, heading]) => headingCell(column, heading, order)).join("")}</tr>
</thead>
<tbody>
${shown.map(row).join("")}</tbody>
</table>
</main>
</body>
</html>
`;
}

/** Says how many entries are shown. */
export function captionOf(shown: number, all: number, isComplete: boolean): string {
  if (!isComplete) return `${shown} of more than ${all} entries are shown.`;
  if (all === 0) return "The folder is empty.";
  if (shown < all) return `${shown} of ${all} entries are shown.`;
  return all === 1 ? "1 entry" : `${all} entries`;
}

/** Returns a heading: a link that sorts by its column, or reverses the order if the page is sorted by it. */
function headingCell(column: Column, heading: string, { by, direction }: ListingOrder): string {
  const isSorted = column === by;
  const next = isSorted && direction === "asc" ? "desc" : "asc";
  const state = isSorted ? ` aria-sort="${direction}ending"` : "";
  return `<th scope="col"${state}><a href="?sort=${column}&amp;order=${next}">${heading}</a></th>`;
}

function row({ name, type, stat: { size, mtimeNs } }: DirectoryEntry): string {
  const slash = type === "directory" ? "/" : "";
  // bdi: a right-to-left name must not change the direction of the rest of the row.
  const link = `<a href="./${percentEncoded(name)}${slash}"><bdi>${escapedHtml(name)}${slash}</bdi></a>`;
  const sizeCell = type === "directory" ? "" : byteText(size);
  return `<tr><th scope="row">${link}</th><td>${sizeCell}</td><td>${timeElement(mtimeNs)}</td></tr>\n`;
}

function timeElement(ns: bigint): string {
  const text = timeOf(ns);
  if (text === undefined) return "";
  return `<time datetime="${text}">${text.replace("T", " ").replace(/:\d\dZ$/, "")}</time>`;
}

/** A time of a file as text, RFC 3339; undefined for one that no date has: ECMA-262, section 21.4.1.1. */
export function timeOf(ns: bigint): string | undefined {
  // By way of milliseconds: a number has no room for so many nanoseconds, and would round them up.
  const ms = Math.floor(Number(ns / 1_000_000n) / 1_000) * 1_000;
  return Math.abs(ms) > 8.64e15 ? undefined : new Date(ms).toISOString().replace(".000Z", "Z");
}

/** A size in words: `1.5 KiB`. */
export function byteText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  let amount = bytes / 1_024;
  let unit = 0;
  while (amount >= 1_023.95 && unit < UNITS.length - 1) {
    amount /= 1_024;
    unit++;
  }
  return `${amount.toFixed(1)} ${UNITS[unit]}`;
}

/** Compares entries for an order: folders first, equal ones by name. */
export function comparison({ by, direction }: ListingOrder): (a: DirectoryEntry, b: DirectoryEntry) => number {
  const sign = direction === "asc" ? 1 : -1;
  return (a, b) => {
    if (a.type !== b.type) return a.type === "directory" ? -1 : 1;
    const names = compare(a.name, b.name);
    if (by === "name") return sign * names;
    const values = by === "size" ? compare(sizeOf(a), sizeOf(b)) : compare(a.stat.mtimeNs, b.stat.mtimeNs);
    return sign * values || names;
  };
}

/** That of a directory is no size of what is in it, and is not shown. */
function sizeOf({ type, stat }: DirectoryEntry): number {
  return type === "directory" ? 0 : stat.size;
}

/** Of names by UTF-16 unit, as `Array.prototype.sort` has it: the order does not depend on the locale of the server. */
function compare<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}
