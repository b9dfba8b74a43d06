// A link of a page to a file or a heading of this repository leads somewhere.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GitHubSlugger } from "../../scripts/site/slugs.mjs";
import { below, read, root } from "./pages.ts";

const pages = [...readdirSync(root).filter((file) => file.endsWith(".md")), ...below("docs", ".md")];

function anchors(page: string): string[] {
  const text = read(page).replaceAll(/^(`{3,}).*?^\1$/gms, "");
  const slugger = new GitHubSlugger({ lowercase: true });
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => slugger.slug(heading));
}

test.for(pages)("the links of %s", (page) => {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const broken = targets
    .filter((target) => !target.startsWith("https://"))
    .filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(page, "..", path);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchors(file).includes(anchor);
    });
  expect(broken).toEqual([]);
});
