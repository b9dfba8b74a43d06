// `npm run docs` fails on what a reader would stumble over, and names it: the configuration of the repository, on a small
// project of its own.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { inflateSync } from "node:zlib";
import { expect, test, vi } from "vitest";
import { folderWith } from "../behaviour/web/site.ts";
import { root } from "./pages.ts";

const typedoc = join(createRequire(import.meta.url).resolve("typedoc/package.json"), "../bin/typedoc");

// A build of a busy machine takes half a minute.
vi.setConfig({ testTimeout: 120_000 });

/** Without a fault: each kind of link that a guide has. */
const README =
  "# Project\n\n[Guide](docs/guides/guide.md#first), [below](#below), [program](examples/program.ts)\n\n## Below\n";
const GUIDE =
  "# Guide\n\n## First\n\n[Back](../../README.md#below), [all](../../examples), ![picture](picture.svg)\n\n" +
  "## Call `a<b>` twice\n\n[Here](#call-ab-twice), addon.cc\n";
const SOURCE = `/** Of {@link next}. */
export type Count = number;
/** One more. */
export function next(count: Count): Count {
  return count + 1;
}
`;

const compilerOptions = {
  ...{ target: "es2022", lib: ["es2022"], types: [], module: "nodenext" },
  ...{ strict: true, noEmit: true },
};

/** The end of a build of a project with these files, where they differ from those without a fault. */
function built(changed: Readonly<Record<string, string>> = {}): {
  status: number | null;
  lines: string[];
  site: string;
} {
  const cwd = folderWith({
    "package.json": `{ "name": "project", "type": "module" }`,
    "tsconfig.json": JSON.stringify({ compilerOptions, files: ["src/index.ts"] }),
    "typedoc.config.mjs": `import options from ${JSON.stringify(pathToFileURL(join(root, "typedoc.config.js")))};
      const own = { entryPoints: ["src/index.ts"], tsconfig: "tsconfig.json", projectDocuments: ["docs/**/*.md"], out: "site" };
      const notOfAnyUse = { intentionallyNotExported: [], disableSources: true, searchGroupBoosts: {} };
      export default { ...options, ...own, ...notOfAnyUse };`,
    "README.md": README,
    "docs/guides/guide.md": GUIDE,
    "docs/guides/guide.zh-CN.md": "# 指南\n",
    "docs/guides/picture.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`,
    "examples/program.ts": `console.log("hello");`,
    "src/index.ts": SOURCE,
    ...changed,
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, [typedoc], { cwd, encoding: "utf8" });
  return { status, lines: stripVTControlCharacters(stdout + stderr).split("\n"), site: join(cwd, "site") };
}

function complaints(lines: readonly string[]): string[] {
  return lines.filter((line) => /^\[(?:warning|error)\]/.test(line) && !/ Found | due to the errors above/.test(line));
}

test("a project without a fault: code in a heading is in its anchor and in the list On This Page", () => {
  const { status, lines, site } = built();
  expect(complaints(lines)).toEqual([]);
  expect(lines).toContainEqual(expect.stringContaining("html generated"));
  expect(status).toBe(0);
  const page = readFileSync(join(site, "docs/guides/guide.html"), "utf8");
  expect(page).toMatch(/<h2 id="call-ab-twice"[^>]*>Call <code>a&lt;b&gt;<\/code> twice</);
  const [, entry] = /<a href="#call-ab-twice"[^>]*><span>(.*?)<\/span><\/a>/.exec(page) ?? [];
  expect(entry?.replaceAll("<wbr/>", "")).toBe("Call a&lt;b&gt; twice");
  expect(page).toContain('lang="en"');
  expect(page).toContain('<link rel="icon" href="../../assets/favicon.svg"');
  expect(existsSync(join(site, "assets/favicon.svg"))).toBe(true);
  expect(page).not.toContain("http://addon.cc");
  expect(readFileSync(join(site, "docs/guides/guide.zh-CN.html"), "utf8")).toContain('lang="zh-CN"');
});

test("the anchors of headings are those of GitHub, and each has its own", () => {
  const headings = "## Twice\n\n## Twice\n\n## Twice 1\n\n## A & B / C — D++\n\n## 一，二\n";
  const { lines, site } = built({ "docs/guides/guide.md": GUIDE + headings });
  expect(complaints(lines)).toEqual([]);
  const page = readFileSync(join(site, "docs/guides/guide.html"), "utf8");
  const ids = [...page.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id);
  expect(ids.slice(-5)).toEqual(["twice", "twice-1", "twice-1-1", "a--b--c--d", "一二"]);
});

test("the sidebar has the guides in the order of docs/README.md", () => {
  const { lines, site } = built({
    "docs/README.md": "# Index\n\n[Z](guides/z.md), [Guide](guides/guide.md#first), [A](guides/a.md)\n",
    "docs/guides/a.md": "# A\n",
    "docs/guides/z.md": "# Z\n",
  });
  expect(complaints(lines)).toEqual([]);
  const [, data = ""] = /"(.*)"/.exec(readFileSync(join(site, "assets/navigation.js"), "utf8")) ?? [];
  const navigation = inflateSync(Buffer.from(data, "base64")).toString();
  const order = [...navigation.matchAll(/"path":"docs\/guides\/(\w+)\.html"/g)].map(([, name]) => name);
  expect(order).toEqual(["z", "guide", "a"]);
});

test("links to files that do not exist", () => {
  const { status, lines } = built({
    "README.md": `${README}[no](docs/none.md)\n`,
    "docs/guides/guide.md": `${GUIDE}[no](../none.ts#L1), ![no](none.svg), [no](20%.md)\n`,
  });
  expect(complaints(lines).toSorted()).toEqual([
    "[error] README.md: the link to docs/none.md leads nowhere",
    "[error] docs/guides/guide.md: the link to ../none.ts#L1 leads nowhere",
    "[error] docs/guides/guide.md: the link to 20%.md leads nowhere",
    "[error] docs/guides/guide.md: the link to none.svg leads nowhere",
  ]);
  expect(status).not.toBe(0);
});

test("a percent sign in an address", () => {
  const guide = `${GUIDE}[no](#100%), <a href="#50%">no</a>, [other](https://example.org/50%off)\n`;
  const { status, lines } = built({ "docs/guides/guide.md": guide });
  expect(complaints(lines)).toEqual([
    "[error] docs/guides/guide.md: the link to #100%25 leads nowhere",
    "[error] docs/guides/guide.md: the link to #50% leads nowhere",
  ]);
  expect(status).not.toBe(0);
});

test("a link out of the repository", () => {
  const { status, lines } = built({ "docs/guides/guide.md": `${GUIDE}[no](../../../other.md)\n` });
  expect(complaints(lines)).toEqual([
    "[error] docs/guides/guide.md: the link to ../../../other.md leads out of the repository",
  ]);
  expect(status).not.toBe(0);
});

test("a reference without a definition, a link to a file of this machine, and links of HTML in other spellings", () => {
  const wrong =
    '[text][nowhere], <a href="file:///etc/passwd">no</a> <A HREF="none.md">no</A> <video poster="none.png"></video>';
  const { status, lines } = built({ "docs/guides/guide.md": `${GUIDE}${wrong}, \`array[0][1]\`\n` });
  expect(complaints(lines).toSorted()).toEqual([
    "[error] docs/guides/guide.md: the link to [text][nowhere] leads nowhere",
    "[error] docs/guides/guide.md: the link to file:///etc/passwd leads nowhere",
    "[error] docs/guides/guide.md: the link to none.md leads nowhere",
    "[error] docs/guides/guide.md: the link to none.png leads nowhere",
  ]);
  expect(status).not.toBe(0);
});

test("links that stay text, and links in every spelling of HTML", () => {
  const wrong = `[a \`b[0]\` *c* [d]][nowhere] [no](javascript:alert(1)) [no]() <a href='#single'>no</a> <a href=#bare>no</a>
<object data="none.pdf"></object> <A HREF="#UPPER">no</A> [no](/docs/guides/guide.html) <a href=javascript:alert(2)>no</a>

<a name="named"></a>[yes](#named)
`;
  const { status, lines } = built({ "docs/guides/guide.md": `${GUIDE}${wrong}` });
  const hrefs = complaints(lines).map(
    (line) => /^\[error\] docs\/guides\/guide\.md: the link to (.*) leads nowhere$/.exec(line)?.[1],
  );
  expect(hrefs.toSorted()).toEqual(
    [
      ...["[a b0 c [d]][nowhere]", "[no](javascript:alert", "", "#single", "#bare"],
      ...["none.pdf", "#UPPER", "/docs/guides/guide.html", "javascript:alert(2)"],
    ].toSorted(),
  );
  expect(status).not.toBe(0);
});

test("links to headings that do not exist", () => {
  const { status, lines } = built({
    "README.md": `${README}[no](#none), [no](docs/guides/guide.md#none)\n`,
    "docs/guides/guide.md": `${GUIDE}[no](#none), [no](../../README.md#none)\n`,
  });
  expect(complaints(lines)).toEqual(
    expect.arrayContaining([
      "[error] README.md: the link to #none leads nowhere",
      "[error] README.md: the link to docs/guides/guide.html#none leads nowhere",
      "[error] docs/guides/guide.md: the link to #none leads nowhere",
      "[error] docs/guides/guide.md: the link to ../../index.html#none leads nowhere",
    ]),
  );
  expect(status).not.toBe(0);
});

test("exports without a docstring, links of docstrings to what is not exported, types that are not exported", () => {
  const source = `interface Hidden {}
export const bare = 42;
/** As {@link nothing}. */
export const linking = 42;
/** What is not exported. */
export const hiding: Hidden = 42;
`;
  const { status, lines } = built({ "src/index.ts": SOURCE + source });
  const expected = [/Hidden.*src\/index\.ts.*hiding/, /bare.*src\/index\.ts.*documentation/, /nothing.*linking/];
  const found = complaints(lines);
  expect(found.filter((line) => !expected.some((each) => each.test(line)))).toEqual([]);
  for (const each of expected) expect(found).toContainEqual(expect.stringMatching(each));
  expect(status).not.toBe(0);
});
