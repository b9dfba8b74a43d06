// The fuzz tests of requested paths: against a reference, by rules that hold for any path, and by the files that are opened.
import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { Symlinks } from "../../src/services/web/path-handle.ts";
import {
  type Dotfiles,
  directoryLocation,
  type RequestPath,
  requestPath,
} from "../../src/services/web/request-path.ts";
import { openRoot, type Root } from "../../src/services/web/root.ts";
import { makeSiteFolder, SECRET } from "../support/site-folder.ts";
import { Draw, findPlanted, fuzz, PLANTED_SEED, type Round, seconds, seed, timeout, told } from "./fuzz-run.ts";

type Subject = (path: string, dotfiles: Dotfiles) => RequestPath;

const SEGMENTS = [
  ...[
    "",
    ".",
    "..",
    "a",
    "file",
    "sub",
    "%2e",
    "%2E%2e",
    ".%2e",
    "%252e",
    "..%2f",
    "%2F",
    "%5c",
    "\\",
    "..\\",
    "...",
    ".git",
  ],
  ...[
    ".well-known",
    "%2ewell-known",
    "a b",
    "a%20b",
    "%C3%BC",
    "%FF",
    "%C0%AE",
    "%",
    "%zz",
    "%00",
    "%0a",
    "~",
    "example.com",
    "?",
  ],
  ...[
    "n".repeat(255),
    "n".repeat(256),
    "%C3%BC".repeat(128),
    "d/".repeat(1_022),
    "out",
    "out-sub",
    "parent",
    "to-sub",
    "to-root",
  ],
] as [string, ...string[]];
const LETTERS = ["/", "//", "/../", "%", "%2", "%2e", "%2F", "\\", "..", ".", "a", "\0", "\n", "\xe9", " "] as const;
const DOTFILES = ["hidden", "well-known", "shown"] as const;

function pathOf(draw: Draw): string {
  const path = Array.from({ length: draw.below(8) }, () => `/${draw.one(SEGMENTS)}`).join("");
  return draw.mistakes(draw.once(20) ? path.slice(1) : path || "/", draw.one([0, 0, 0, 1, 2]), [...LETTERS]);
}

/** Byte by byte, with the rules of `node:path`. */
function reference(path: string, dotfiles: Dotfiles): RequestPath {
  const refused = (status: 400 | 404): RequestPath => ({ type: "refused", status });
  if (path[0] !== "/" || [...path].some((letter) => letter < " " || letter > "~")) return refused(400);
  const names: string[] = [];
  for (const raw of path.slice(1).split("/")) {
    const bytes: number[] = [];
    for (let at = 0; at < raw.length; at++) {
      if (raw[at] !== "%") bytes.push(raw.charCodeAt(at));
      else {
        const digits = raw.slice(at + 1, at + 3);
        if (digits.length < 2 || [...digits].some((digit) => !"0123456789abcdefABCDEF".includes(digit)))
          return refused(400);
        bytes.push(Number.parseInt(digits, 16));
        at += 2;
      }
    }
    let name: string;
    try {
      name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    } catch {
      return refused(400);
    }
    if ([...name].some((letter) => letter < " " || (letter >= "\x7f" && letter <= "\x9f"))) return refused(400);
    if (name.includes("/")) return refused(404);
    names.push(name);
    if (/^\.\.(?:\/|$)/.test(posix.normalize(names.filter((each) => each !== "").join("/")))) return refused(400);
  }
  const last = names.at(-1) ?? "";
  const relative = posix.normalize(`/${names.join("/")}`).replace(/^\/+|\/+$/g, "");
  if (Buffer.from(relative).length > 2_048) return refused(404);
  for (const [depth, name] of relative.split("/").entries()) {
    if (Buffer.from(name).length > 255) return refused(404);
    const isShown = dotfiles === "shown" || (dotfiles === "well-known" && depth === 0 && name === ".well-known");
    if (name[0] === "." && !isShown) return refused(404);
  }
  return { type: "path", relative, endsInSlash: ["", ".", ".."].includes(last) };
}

function roundOf(subject: Subject, locationOf = directoryLocation): Round {
  return (draw) => {
    const path = pathOf(draw);
    const dotfiles = draw.one(DOTFILES);
    const given = subject(path, dotfiles);
    const expected = reference(path, dotfiles);
    if (!isDeepStrictEqual(given, expected)) return told(path, dotfiles, "gives", given, "not", expected);
    if (given.type === "refused") return undefined;
    const { relative } = given;
    if (!posix.resolve("/root", relative).startsWith("/root") || posix.isAbsolute(relative))
      return told(path, "leaves");
    const location = locationOf(relative, draw.once(2) ? undefined : pathOf(draw));
    const { host, pathname, hash } = new URL(location, "http://here/there");
    if (host !== "here" || hash !== "" || !/^\/(?![/\\])[!-~]*$/.test(location))
      return told(path, "leads to", location);
    const again = subject(pathname, "shown");
    return isDeepStrictEqual(again, { type: "path", relative, endsInSlash: true })
      ? undefined
      : told(path, "leads to", location, again);
  };
}

test("any path is the file that the reference says, and its redirect stays on the site", { timeout }, () => {
  expect(fuzz("web path", roundOf(requestPath))).toBeUndefined();
});

function changed(change: (path: string) => string): Subject {
  return (path, dotfiles) => requestPath(change(path), dotfiles);
}

test.each<[string, Subject]>([
  ["a path that is decoded twice", changed((path) => path.replaceAll("%25", "%"))],
  ["an encoded slash that separates", changed((path) => path.replace(/%2f/gi, "/"))],
  ["a backslash that separates", changed((path) => path.replaceAll("\\", "/"))],
  ["dots that are no more when they are encoded", changed((path) => path.replace(/%2e/gi, "a"))],
  ["dots that are kept within the root", changed((path) => path.replace(/^\/+\.\.(?=\/|$)/, ""))],
  ["a bad escape that is taken for letters", changed((path) => path.replace(/%(?![0-9a-f]{2})/gi, "%25"))],
  ["bytes that are taken for Latin-1", changed((path) => path.replaceAll("%FF", "%C3%BF"))],
  ["an overlong dot", changed((path) => path.replaceAll("%C0%AE", "."))],
  ["a NUL that ends a path", changed((path) => path.replace(/%00.*/, ""))],
  ["letters that no target has", changed((path) => path.replaceAll("\xe9", "%C3%A9"))],
  ["a slash at the end that is lost", changed((path) => path.replace(/([^/])\/$/, "$1"))],
  [
    "a name that is shown by its escape",
    (path, dotfiles) => requestPath(path, path.includes("%2e") ? "shown" : dotfiles),
  ],
  ["a name that is too long", changed((path) => path.replace("n".repeat(256), "n"))],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives|leaves|leads to/);
});

test.each<[string, typeof directoryLocation]>([
  ["one that is not encoded", (relative, query) => `/${relative}/${query === undefined ? "" : `?${query}`}`],
  ["one that is asked for again", (relative, query) => `/${directoryLocation(relative, query)}`],
  ["a query that is not encoded", (relative, query) => `${directoryLocation(relative, undefined)}?${query}`],
])("a fault of the redirect is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(requestPath, planted))).toMatch(/leads to/);
});

const OPENED_ROUNDS = 300;
/** A planted fault is found by then, on a machine of any speed. */
const PLANTED_ROUNDS = 50_000;

/** Opens requested paths for this many rounds and this long, and returns what should not have been read. */
async function readOutside(root: Root, from: number, rounds: number, ms: number): Promise<string | undefined> {
  const draw = new Draw(from);
  const end = performance.now() + ms;
  for (let round = 0; round < rounds || performance.now() < end; round++) {
    const path = pathOf(draw);
    const asked = requestPath(path, draw.one(DOTFILES));
    if (asked.type === "refused") continue;
    const opened = await root.open(asked.relative);
    if (opened.type !== "file") continue;
    const content = await opened.handle.readFile("utf8");
    await opened.handle.close();
    if (content === SECRET || content.includes("root:")) return `seed ${from}, round ${round}: ${path}`;
  }
  return undefined;
}

async function siteOf(symlinks: Symlinks): Promise<Root> {
  const root = await openRoot(makeSiteFolder(), { symlinks });
  onTestFinished(() => root.close());
  return root;
}

test.each(["deny", "inside"] as const)(
  "whatever is asked for, what is opened lies in the root: %s",
  { timeout },
  async (links) => {
    expect(await readOutside(await siteOf(links), seed, OPENED_ROUNDS, seconds * 1_000)).toBeUndefined();
  },
);

test("a root that follows all links is found to leave", { timeout }, async () => {
  const found = await readOutside(await siteOf("follow"), PLANTED_SEED, PLANTED_ROUNDS, 0);
  expect(found).toContain("round");
});
