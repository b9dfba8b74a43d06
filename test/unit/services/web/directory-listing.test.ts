// The page of a folder.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  directoryListing,
  type ListedEntry,
  type ListingOrder,
  listingOrder,
  MAX_SHOWN_ENTRIES,
} from "../../../../src/services/web/directory-listing.ts";
import { LISTING_POLICY, LISTING_STYLE } from "../../../../src/services/web/listing-style.ts";
import { all, type Element, pageOf } from "./html-elements.ts";

const BY_NAME: ListingOrder = { by: "name", direction: "asc" };
const ENTRIES: readonly ListedEntry[] = [
  { name: "b.txt", kind: "file", sizeBytes: 10, modifiedMs: Date.UTC(2026, 0, 3) },
  { name: "a.txt", kind: "file", sizeBytes: 2_000, modifiedMs: Date.UTC(2026, 0, 2) },
  { name: "z", kind: "directory", modifiedMs: Date.UTC(2026, 0, 1) },
  { name: "B.txt", kind: "file", sizeBytes: 10, modifiedMs: Date.UTC(2026, 0, 1) },
  { name: "y", kind: "directory", modifiedMs: Date.UTC(2026, 0, 4) },
];

function page(entries: readonly ListedEntry[], order = BY_NAME, path = "/a/"): Element {
  return pageOf(directoryListing({ path, entries, order }));
}

function rows(root: Element): Element[] {
  return all(root, "tbody").flatMap((body) => all(body, "tr"));
}

function names(root: Element): string[] {
  return rows(root).flatMap((row) => all(row, "bdi").map(({ text }) => text));
}

function file(name: string, more: Partial<ListedEntry> = {}): ListedEntry {
  return { name, kind: "file", ...more };
}

test("it says what it is, to whoever hears it too", () => {
  const root = page(ENTRIES, BY_NAME, "/a & b/");
  expect(root).toMatchObject({ tag: "html", attributes: { lang: "en" } });
  expect(all(root, "title").map(({ text }) => text)).toEqual(["Index of /a & b/"]);
  expect(all(root, "h1").map(({ text }) => text)).toEqual(["Index of /a & b/"]);
  expect(all(root, "meta").map(({ attributes }) => attributes)).toEqual([
    { charset: "utf-8" },
    { name: "viewport", content: "width=device-width, initial-scale=1" },
  ]);
  expect(all(root, "main")).toHaveLength(1);
  expect(all(root, "caption").map(({ text }) => text)).toEqual(["5 entries"]);
  const headings = all(root, "thead").flatMap((head) => all(head, "th"));
  expect(headings.map(({ attributes }) => attributes)).toEqual([
    { scope: "col", "aria-sort": "ascending" },
    { scope: "col" },
    { scope: "col" },
  ]);
  expect(headings.map(({ text }) => text)).toEqual(["Name", "Size", "Modified (UTC)"]);
  expect(rows(root).map((row) => row.children.map(({ tag }) => tag))).toEqual(ENTRIES.map(() => ["th", "td", "td"]));
  expect(rows(root)[0]?.children[0]?.attributes).toEqual({ scope: "row" });
  for (const tag of ["script", "img", "link", "form", "iframe"]) expect(all(root, tag)).toEqual([]);
});

test("a folder leads up, the root does not", () => {
  const links = (path: string): (string | undefined)[] =>
    all(page([], BY_NAME, path), "p").flatMap((paragraph) =>
      all(paragraph, "a").map(({ attributes }) => attributes["href"]),
    );
  expect(links("/a/")).toEqual(["../"]);
  expect(links("/")).toEqual([]);
});

test("its policy lets in its own style, and nothing else", () => {
  const [style] = all(page([]), "style");
  expect(style?.text).toBe(LISTING_STYLE);
  const hash = createHash("sha256")
    .update(style?.text ?? "")
    .digest("base64");
  expect(LISTING_POLICY).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(LISTING_STYLE).toContain("prefers-color-scheme: dark");
});

describe("the order", () => {
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
  ])("of %j", ([query, order]) => {
    expect(listingOrder(query)).toEqual(order);
  });

  test.for<[order: ListingOrder, names: string[]]>([
    [BY_NAME, ["y/", "z/", "B.txt", "a.txt", "b.txt"]],
    [{ by: "name", direction: "desc" }, ["z/", "y/", "b.txt", "a.txt", "B.txt"]],
    [{ by: "size", direction: "asc" }, ["y/", "z/", "B.txt", "b.txt", "a.txt"]],
    [{ by: "size", direction: "desc" }, ["y/", "z/", "a.txt", "B.txt", "b.txt"]],
    [{ by: "time", direction: "asc" }, ["z/", "y/", "B.txt", "a.txt", "b.txt"]],
    [{ by: "time", direction: "desc" }, ["y/", "z/", "b.txt", "a.txt", "B.txt"]],
  ])("%j: folders first, and the same ones by name", ([order, expected]) => {
    expect(names(page(ENTRIES, order))).toEqual(expected);
  });

  test.for<[order: ListingOrder, links: string[]]>([
    [BY_NAME, ["?sort=name&order=desc", "?sort=size&order=asc", "?sort=time&order=asc"]],
    [{ by: "name", direction: "desc" }, ["?sort=name&order=asc", "?sort=size&order=asc", "?sort=time&order=asc"]],
    [{ by: "time", direction: "asc" }, ["?sort=name&order=asc", "?sort=size&order=asc", "?sort=time&order=desc"]],
  ])("%j: a heading leads to its column, or the other way round", ([order, links]) => {
    const root = page([], order);
    const headings = all(root, "thead").flatMap((head) => all(head, "th"));
    expect(headings.flatMap((heading) => all(heading, "a").map(({ attributes }) => attributes["href"]))).toEqual(links);
    const sorted = headings.flatMap(({ attributes }) => attributes["aria-sort"] ?? []);
    expect(sorted).toEqual([`${order.direction}ending`]);
  });

  test("what was given is left as it was", () => {
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
    const [row] = rows(page([file(name)]));
    const [link] = row === undefined ? [] : all(row, "a");
    expect([link?.attributes["href"], link?.text]).toEqual([href, text]);
    expect(new URL(link?.attributes["href"] ?? "", "http://h/a/").pathname).toBe(`/a/${href.slice(2)}`);
    const [folder] = rows(page([{ name, kind: "directory" }]));
    expect(folder === undefined ? [] : all(folder, "a").map(({ attributes }) => attributes["href"])).toEqual([
      `${href}/`,
    ]);
  });
});

describe("a size and a time", () => {
  function cells(entry: ListedEntry): (string | undefined)[] {
    const [row] = rows(page([entry]));
    return row?.children.slice(1).map(({ text }) => text) ?? [];
  }

  test.for<[bytes: number | undefined, text: string]>([
    [undefined, ""],
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.0 KiB"],
    [1_536, "1.5 KiB"],
    [1_048_575, "1.0 MiB"],
    [1_048_576, "1.0 MiB"],
    [5 * 2 ** 30, "5.0 GiB"],
    [2 ** 40, "1.0 TiB"],
    [Number.MAX_SAFE_INTEGER, "8.0 PiB"],
    [2 ** 80, "1048576.0 EiB"],
  ])("%d bytes: %s", ([sizeBytes, text]) => {
    expect(cells(file("a", { sizeBytes }))).toEqual([text, ""]);
  });

  test("a folder has none", () => {
    expect(cells({ name: "a", kind: "directory", sizeBytes: 4_096 })).toEqual(["", ""]);
  });

  test.for<[ms: number | undefined, datetime: string, text: string]>([
    [Date.UTC(2026, 11, 1, 19, 21, 45, 678), "2026-12-01T19:21:45Z", "2026-12-01 19:21"],
    [-1, "1969-12-31T23:59:59Z", "1969-12-31 23:59"],
    [8.64e15, "+275760-09-13T00:00:00Z", "+275760-09-13 00:00"],
  ])("%d ms: %s", ([modifiedMs, datetime, text]) => {
    const times = all(page([file("a", { modifiedMs })]), "time");
    expect(times.map((time) => [time.attributes["datetime"], time.text])).toEqual([[datetime, text]]);
  });

  test.for([undefined, Number.NaN, 8.64e15 + 1, Number.NEGATIVE_INFINITY])("%d is no date", (modifiedMs) => {
    expect(all(page([file("a", { modifiedMs })]), "time")).toEqual([]);
  });
});

test("it shows MAX_SHOWN_ENTRIES, the first by its order, and says so", () => {
  const many = (count: number): ListedEntry[] =>
    Array.from({ length: count }, (_, index) => file(String(count - index).padStart(6, "0")));
  const caption = (root: Element): string | undefined => all(root, "caption")[0]?.text;
  const whole = page(many(MAX_SHOWN_ENTRIES));
  expect([rows(whole).length, caption(whole)]).toEqual([MAX_SHOWN_ENTRIES, `${MAX_SHOWN_ENTRIES} entries`]);
  const some = page(many(MAX_SHOWN_ENTRIES + 1));
  expect([names(some).length, names(some)[0]]).toEqual([MAX_SHOWN_ENTRIES, "000001"]);
  expect(caption(some)).toBe(`${MAX_SHOWN_ENTRIES} of ${MAX_SHOWN_ENTRIES + 1} entries are shown.`);
  expect(caption(page([]))).toBe("The folder is empty.");
  expect(caption(page([file("a")]))).toBe("1 entry");
});

test("it says where the folder has more than what was read of it", () => {
  const html = directoryListing({ path: "/", entries: ENTRIES, isComplete: false, order: BY_NAME });
  expect(all(pageOf(html), "caption").map(({ text }) => text)).toEqual(["5 of more than 5 entries are shown."]);
});
