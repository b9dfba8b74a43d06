// Pages that reload while somebody writes them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allOf, served } from "./site.ts";

test("a page has a script, and is told of a change once it has settled", async () => {
  const site = await served({ "a.html": "<p>one</p>", "b.css": "b" }, { watch: true });
  const { body, fields } = await site.ask("/a.html");
  expect(String(body)).toBe('<p>one</p>\n<script src="/.sockwright/reload.js" defer></script>\n');
  expect(fields.get("content-length")).toBe(`${body.length}`);
  expect(await site.text("/b.css")).toBe("200 b");
  expect(await site.text("/.sockwright/reload.js")).toContain("EventSource");
  const client = await site.connected();
  client.write("GET /.sockwright/reload HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n");
  await client.readUntil("retry: 500\n\n", { maxBytes: 1_000 });
  writeFileSync(join(site.folder, "a.html"), "<p>two</p>");
  expect(String(await allOf(client))).toContain("data: changed\n\n");
});

test("without it there is neither script nor path", async () => {
  const site = await served({ "a.html": "<p>one</p>" });
  expect(await site.text("/a.html")).toBe("200 <p>one</p>");
  expect(await site.text("/.sockwright/reload")).toMatch(/^404/);
});
