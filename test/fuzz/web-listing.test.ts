// The fuzz test of listings: for any names, the page has the same elements, and each link leads to its entry only.
import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { DirectoryEntry } from "../../src/services/web/directory-entries.ts";
import { directoryListing } from "../../src/services/web/directory-listing.ts";
import { type Element, elementsOf, parsePage } from "../support/html-elements.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

type Subject = (path: string, entries: readonly DirectoryEntry[]) => string;

const BASE = "http://h:1/a/b/";
const PIECES = [
  ...["<", ">", "&", '"', "'", "&lt;", "&#60;", "<!--", "-->", "</title>", "</style>", "<script>", " onclick="],
  ...["javascript:", "http:", "//h", "\\", "..", ".", "%2e", "%2f", "%", "?", "#", ":", "@", ";", "=", " ", "\t", "\n"],
  ...["\x00", "\x1b", "\x7f", "\x85", "\u00e9", "\u{1f600}", "\ud800", "\udc00", "\u202e", "\ufeff", "\ufffe", "a"],
] as [string, ...string[]];

function name(draw: Draw): string {
  const text = Array.from({ length: 1 + draw.below(4) }, () => draw.one(PIECES)).join("");
  // readdir(3) never returns these names to Node.
  return text === "." || text === ".." ? "a" : text;
}

function entry(draw: Draw): DirectoryEntry {
  const mtimeNs = draw.one([0n, -1n, 1_700_000_000_123_456_789n, 10n ** 30n]);
  return {
    name: name(draw).replaceAll("/", "x"),
    type: draw.one(["file", "directory"]),
    stat: { dev: 1n, ino: 1n, size: draw.one([0, 5_000, 2 ** 53]), mtimeNs, ctimeNs: mtimeNs },
  };
}

/** The tags of an element and its content. */
function shape({ tag, children }: Element): string {
  return `${tag}(${children.map(shape).join(" ")})`;
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const entries = Array.from({ length: draw.below(4) }, () => entry(draw));
    const path = `/${name(draw)}/`;
    const told = (what: string): string => `${what}: ${inspect([path, entries])}`;
    try {
      const page = parsePage(subject(path, entries));
      const plain = listed(
        "/a/",
        entries.map((given) => ({ ...given, name: "a" })),
      );
      const other = elementsOf(parsePage(plain), "tr").map(shape).sort();
      if (elementsOf(page, "tr").map(shape).sort().join() !== other.join()) return told("has other elements");
      const links = elementsOf(page, "tbody").flatMap((body) => elementsOf(body, "a"));
      const led = links.map(({ attributes }) => new URL(attributes["href"] ?? "", BASE));
      if (led.some(({ href, search, hash }) => !href.startsWith(BASE) || search !== "" || hash !== ""))
        return told("leads away");
      const targets = led.map(({ pathname }) => decodeURIComponent(pathname.slice("/a/b/".length))).sort();
      const expected = entries.map((given) => wellFormed(given.name) + (given.type === "directory" ? "/" : "")).sort();
      if (targets.join("\0") !== expected.join("\0")) return told(`leads to ${JSON.stringify(targets)}`);
      return /\p{Cc}/u.test(
        elementsOf(page, "tbody")
          .map(({ text }) => text.replaceAll("\n", ""))
          .join(""),
      )
        ? told("has a control")
        : undefined;
    } catch (error) {
      return told(`throws ${error}`);
    }
  };
}

function listed(path: string, entries: readonly DirectoryEntry[]): string {
  return directoryListing({ path, entries, isComplete: true, order: { by: "name", direction: "asc" } });
}

test("any names make the same page, and their links lead to them", { timeout }, () => {
  expect(fuzz("listing", roundOf(listed))).toBeUndefined();
});

/** A page in which something is not escaped. */
function raw(escaped: RegExp, letter: string): Subject {
  return (path, entries) => listed(path, entries).replace(escaped, letter);
}

test.each<[string, Subject]>([
  ["an ampersand", raw(/&amp;(?!order)/g, "&")],
  ["a less-than", raw(/&lt;/g, "<")],
  ["a quote in a link", raw(/(?<=href="\.\/[^"]*)%22/g, '"')],
  ["a percent sign", raw(/%25/g, "%")],
  ["a question mark", raw(/%3F/g, "?")],
  ["a number sign", raw(/%23/g, "#")],
  ["a scheme", raw(/href="\.\/(\w+)%3A/g, 'href="$1:')],
  ["a backslash", raw(/%5C/g, "\\")],
  ["a control", raw(/\ufffd/g, "\x1b")],
  ["a folder without its slash", raw(/\/"><bdi>/g, '"><bdi>')],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/throws|leads|has/);
});
