// The HTML page of a directory listing.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { DirectoryEntry } from "../../../../src/services/web/directory-entries.ts";
import {
  directoryListing,
  type ListingOrder,
  listingOrder,
  MAX_SHOWN_ENTRIES,
} from "../../../../src/services/web/directory-listing.ts";
import { LISTING_POLICY, LISTING_STYLE } from "../../../../src/services/web/listing-style.ts";
import { type Element, elementsOf, parsePage } from "../../../support/html-elements.ts";

const BY_NAME: ListingOrder = { by: "name", direction: "asc" };
const ENTRIES: readonly DirectoryEntry[] = [
  entry("b.txt", "file", 10, Date.UTC(2026, 0, 3)),
  entry("a.txt", "file", 2_000, Date.UTC(2026, 0, 2)),
  entry("z", "directory", 4_096, Date.UTC(2026, 0, 1)),
  entry("B.txt", "file", 10, Date.UTC(2026, 0, 1)),
  entry("y", "directory", 60, Date.UTC(2026, 0, 4)),
];

function entry(name: string, type: "file" | "directory" = "file", size = 0, mtimeMs = 0): DirectoryEntry {
  const mtimeNs = BigInt(mtimeMs) * 1_000_000n;
  return { name, type, stat: { dev: 1n, ino: 1n, size, mtimeNs, ctimeNs: mtimeNs } };
}

function page(entries: readonly DirectoryEntry[], order = BY_NAME, path = "/a/"): Element {
  return parsePage(directoryListing({ path, entries, isComplete: true, order }));
}

function rows(root: Element): Element[] {
  return elementsOf(root, "tbody").flatMap((body) => elementsOf(body, "tr"));
}

function names(root: Element): string[] {
  return rows(root).flatMap((row) => elementsOf(row, "bdi").map(({ text }) => text));
}

test("the page has a title, a heading and table headers, also for screen readers", () => {
  const root = page(ENTRIES, BY_NAME, "/a & b/");
  expect(root).toMatchObject({ tag: "html", attributes: { lang: "en" } });
  expect(elementsOf(root, "title").map(({ text }) => text)).toEqual(["Index of /a & b/"]);
  expect(elementsOf(root, "h1").map(({ text }) => text)).toEqual(["Index of /a & b/"]);
  expect(elementsOf(root, "meta").map(({ attributes }) => attributes)).toEqual([
    { charset: "utf-8" },
    { name: "viewport", content: "width=device-width, initial-scale=1" },
  ]);
  expect(elementsOf(root, "main")).toHaveLength(1);
  expect(elementsOf(root, "caption").map(({ text }) => text)).toEqual(["5 entries"]);
  const headings = elementsOf(root, "thead").flatMap((head) => elementsOf(head, "th"));
  expect(headings.map(({ attributes }) => attributes)).toEqual([
    { scope: "col", "aria-sort": "ascending" },
    { scope: "col" },
    { scope: "col" },
  ]);
  expect(headings.map(({ text }) => text)).toEqual(["Name", "Size", "Modified (UTC)"]);
  expect(rows(root).map((row) => row.children.map(({ tag }) => tag))).toEqual(ENTRIES.map(() => ["th", "td", "td"]));
  expect(rows(root)[0]?.children[0]?.attributes).toEqual({ scope: "row" });
  for (const tag of ["script", "img", "link", "form", "iframe"]) expect(elementsOf(root, tag)).toEqual([]);
});

test("a folder has a link to its parent, and the root has none", () => {
  const links = (path: string): (string | undefined)[] =>
    elementsOf(page([], BY_NAME, path), "p").flatMap((paragraph) =>
      elementsOf(paragraph, "a").map(({ attributes }) => attributes["href"]),
    );
  expect(links("/a/")).toEqual(["../"]);
  expect(links("/")).toEqual([]);
});

test("the policy allows only the style of the page", () => {
  const [style] = elementsOf(page([]), "style");
  expect(style?.text).toBe(LISTING_STYLE);
  const hash = createHash("sha256")
    .update(style?.text ?? "")
    .digest("base64");
  expect(LISTING_POLICY).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(LISTING_STYLE).toContain("prefers-color-scheme: dark");
});

describe("the sort order", () => {
  test.for<[query: string | undefined, order: ListingOrder]>([
    [undefined, BY_NAME],
    ["", BY_NAME],
    ["sort=name&order=asc", BY_NAME],
    ["sort=size", { by: "size", direction: "asc" }],
    ["sort=time&order=desc", { by: "time", direction: "desc" }],
    ["order=desc", { by: "name", direction: "desc" }],
    ["order=desc&order=asc&sort=size&sort=name", { by: "size", direction: "desc" }],
    ["sort=__proto__&order=constructor", BY_NAME],
    ["sort=Size&order=DESC", BY_NAME],
    ["%ff=%&sort=%73ize", { by: "size", direction: "asc" }],
    ["sort=%zz&\0", BY_NAME],
  ])("of the query %j", ([query, order]) => {
    expect(listingOrder(query)).toEqual(order);
  });

  test.for<[order: ListingOrder, names: string[]]>([
    [BY_NAME, ["y/", "z/", "B.txt", "a.txt", "b.txt"]],
    [{ by: "name", direction: "desc" }, ["z/", "y/", "b.txt", "a.txt", "B.txt"]],
    [{ by: "size", direction: "asc" }, ["y/", "z/", "B.txt", "b.txt", "a.txt"]],
    [{ by: "size", direction: "desc" }, ["y/", "z/", "a.txt", "B.txt", "b.txt"]],
    [{ by: "time", direction: "asc" }, ["z/", "y/", "B.txt", "a.txt", "b.txt"]],
    [{ by: "time", direction: "desc" }, ["y/", "z/", "b.txt", "a.txt", "B.txt"]],
  ])("%j: folders come first, and ties are sorted by name", ([order, expected]) => {
    expect(names(page(ENTRIES, order))).toEqual(expected);
  });

  test.for<[order: ListingOrder, links: string[]]>([
    [BY_NAME, ["?sort=name&order=desc", "?sort=size&order=asc", "?sort=time&order=asc"]],
    [{ by: "name", direction: "desc" }, ["?sort=name&order=asc", "?sort=size&order=asc", "?sort=time&order=asc"]],
    [{ by: "time", direction: "asc" }, ["?sort=name&order=asc", "?sort=size&order=asc", "?sort=time&order=desc"]],
  ])("%j: each heading links to its column, or reverses the current order", ([order, links]) => {
    const root = page([], order);
    const headings = elementsOf(root, "thead").flatMap((head) => elementsOf(head, "th"));
    expect(headings.flatMap((heading) => elementsOf(heading, "a").map(({ attributes }) => attributes["href"]))).toEqual(
      links,
    );
    const sorted = headings.flatMap(({ attributes }) => attributes["aria-sort"] ?? []);
    expect(sorted).toEqual([`${order.direction}ending`]);
  });

  test("sorting does not change the given entries", () => {
    const given = [...ENTRIES];
    page(given);
    expect(given).toEqual(ENTRIES);
  });
});

describe("a name", () => {
  test.for<[name: string, href: string, text?: string]>([
    ["a.txt", "./a.txt"],
    ["javascript:alert(1)", "./javascript%3Aalert(1)"],
    ["http:", "./http%3A"],
    ["a:b", "./a%3Ab"],
    ["a b", "./a%20b"],
    ["?a#b", "./%3Fa%23b"],
    ["100%", "./100%25"],
    ["%2e%2e", "./%252e%252e"],
    ["..\\a", "./..%5Ca"],
    ["\\\\host", "./%5C%5Chost"],
    ["...", "./..."],
    ["<script>alert(1)</script>", "./%3Cscript%3Ealert(1)%3C%2Fscript%3E"],
    ['" onclick="a" \'', "./%22%20onclick%3D%22a%22%20%27"],
    ["&amp;", "./%26amp%3B"],
    ["\u00e9\u{1f600}", "./%C3%A9%F0%9F%98%80"],
    ["\ud800", "./%EF%BF%BD", "\ufffd"],
    ["a\nb\x1b\x85", "./a%0Ab%1B%C2%85", "a\ufffdb\ufffd\ufffd"],
    ["\u202egpj.exe", "./%E2%80%AEgpj.exe"],
  ])("%j", ([name, href, text = name]) => {
    const [row] = rows(page([entry(name)]));
    const [link] = row === undefined ? [] : elementsOf(row, "a");
    expect([link?.attributes["href"], link?.text]).toEqual([href, text]);
    expect(new URL(link?.attributes["href"] ?? "", "http://h/a/").pathname).toBe(`/a/${href.slice(2)}`);
    const [folder] = rows(page([entry(name, "directory")]));
    expect(folder === undefined ? [] : elementsOf(folder, "a").map(({ attributes }) => attributes["href"])).toEqual([
      `${href}/`,
    ]);
  });
});

describe("size and time", () => {
  test.for<[bytes: number, text: string]>([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.0 KiB"],
    [1_536, "1.5 KiB"],
    [1_048_575, "1.0 MiB"],
    [1_048_576, "1.0 MiB"],
    [5 * 2 ** 30, "5.0 GiB"],
    [2 ** 40, "1.0 TiB"],
    [Number.MAX_SAFE_INTEGER, "8.0 PiB"],
    [2 ** 63, "8.0 EiB"],
  ])("%d bytes: %s", ([size, text]) => {
    const [row] = rows(page([entry("a", "file", size)]));
    expect(row?.children[1]?.text).toBe(text);
  });

  test("a folder has no size", () => {
    const [row] = rows(page([entry("a", "directory", 4_096)]));
    expect(row?.children[1]?.text).toBe("");
  });

  test.for<[ms: number, datetime: string, text: string]>([
    [Date.UTC(2026, 11, 1, 19, 21, 45, 678), "2026-12-01T19:21:45Z", "2026-12-01 19:21"],
    [-1, "1969-12-31T23:59:59Z", "1969-12-31 23:59"],
    [8.64e15, "+275760-09-13T00:00:00Z", "+275760-09-13 00:00"],
  ])("%d ms: %s", ([mtimeMs, datetime, text]) => {
    const times = elementsOf(page([entry("a", "file", 0, mtimeMs)]), "time");
    expect(times.map((time) => [time.attributes["datetime"], time.text])).toEqual([[datetime, text]]);
  });

  test("the last nanosecond of a second is shown with that second", () => {
    const { stat, ...file } = entry("a");
    const times = elementsOf(page([{ ...file, stat: { ...stat, mtimeNs: 1_704_067_200_999_999_999n } }]), "time");
    expect(times.map((time) => time.attributes["datetime"])).toEqual(["2024-01-01T00:00:00Z"]);
  });

  test.for([8.64e15 + 1_000, -8.64e15 - 1_000, 2 ** 53])("%d ms is outside of the range of dates", (mtimeMs) => {
    expect(elementsOf(page([entry("a", "file", 0, mtimeMs)]), "time")).toEqual([]);
  });
});

test("MAX_SHOWN_ENTRIES limits the rows to the first in order, and the caption says so", () => {
  const many = (count: number): DirectoryEntry[] =>
    Array.from({ length: count }, (_, index) => entry(String(count - index).padStart(6, "0")));
  const caption = (root: Element): string | undefined => elementsOf(root, "caption")[0]?.text;
  const whole = page(many(MAX_SHOWN_ENTRIES));
  expect([rows(whole).length, caption(whole)]).toEqual([MAX_SHOWN_ENTRIES, `${MAX_SHOWN_ENTRIES} entries`]);
  const some = page(many(MAX_SHOWN_ENTRIES + 1));
  expect([names(some).length, names(some)[0]]).toEqual([MAX_SHOWN_ENTRIES, "000001"]);
  expect(caption(some)).toBe(`${MAX_SHOWN_ENTRIES} of ${MAX_SHOWN_ENTRIES + 1} entries are shown.`);
  expect(caption(page([]))).toBe("The folder is empty.");
  expect(caption(page([entry("a")]))).toBe("1 entry");
});

test("the caption says when the folder has more entries than were read", () => {
  const html = directoryListing({ path: "/", entries: ENTRIES, isComplete: false, order: BY_NAME });
  expect(elementsOf(parsePage(html), "caption").map(({ text }) => text)).toEqual([
    "5 of more than 5 entries are shown.",
  ]);
});
