// docs/guides/socket-urls.md: its URLs are taken, its mistakes are told in its words, and it has every scheme and option.
import { expect, test } from "vitest";
import { parseSocketUrl } from "../../src/server.ts";
import { codeIn, read, section, tables } from "./pages.ts";

const page = read("docs/guides/socket-urls.md");
const [[, ...mistakes] = []] = tables(section(page, "## Mistakes"));
const right = codeIn(page.replace(section(page, "## Mistakes"), "").replace(/```.*?```/gs, "")).filter((code) =>
  /^(?:tcp|udp|unix|unix-dgram|unix-seqpacket|http|http\+unix|tls|tls\+unix|https|https\+unix|vsock|fd|systemd):(?:.|(?<=systemd:)$)/.test(
    code,
  ),
);

test.for(right)("%s is taken", (url) => {
  expect(parseSocketUrl(url)).toHaveProperty("scheme");
});

test.for(mistakes.map(([url = "", words = ""]) => [codeIn(url).join(), words] as const))("%s %s", ([url, words]) => {
  expect(() => parseSocketUrl(url)).toThrow(`${JSON.stringify(url)} ${words}`);
});

test("it has examples of every scheme, and every option", () => {
  expect(right.length).toBeGreaterThan(15);
  expect(mistakes.length).toBeGreaterThan(5);
  const told = /there are (.*)$/.exec(messageOf("nonesuch:x"))?.[1]?.split(", ") ?? [];
  expect(told.filter((scheme) => !right.some((url) => url.startsWith(`${scheme}:`)))).toEqual([]);
  const names = ["tcp://[::]:1?", "udp://[::]:1?", "unix:x?", "tls://[::]:1?"].flatMap(
    (url) => /there are (.*)$/.exec(messageOf(url))?.[1]?.split(", ") ?? [],
  );
  expect(names.length).toBeGreaterThan(6);
  expect(names.filter((name) => !codeIn(section(page, "## Options")).some((code) => code.startsWith(name)))).toEqual(
    [],
  );
});

function messageOf(url: string): string {
  try {
    parseSocketUrl(url);
    return "";
  } catch (error) {
    return String(error);
  }
}
