// Chromium: a page and a WebSocket over https. It accepts the key of the test's certificate, and no other.
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BROWSER_TIMEOUT_MS, browserOfFile } from "../../support/browser.ts";
import { certificates } from "../../support/certificates.ts";
import { echoingPages } from "../../support/echoing-pages.ts";
import { securing } from "./securing.ts";

const files = certificates();

function keyHash(): string {
  const { publicKey } = new X509Certificate(files.bytes("localhost.pem"));
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

const openPage = browserOfFile(`--ignore-certificate-errors-spki-list=${keyHash()}`);

describe.for([false, true])("detectTruncation: %s", { timeout: BROWSER_TIMEOUT_MS }, (detectTruncation) => {
  test("a page, and a WebSocket beside it", async (context) => {
    const page = await openPage(context);
    const { port } = await securing(files, echoingPages(), { detectTruncation }, "https");
    await page.goto(`https://localhost:${port}/`);
    expect(await page.locator("p").textContent()).toBe("plain");
    const said = await page.evaluate<unknown, undefined>(
      `new Promise((resolve, reject) => {
        const socket = new WebSocket(location.href.replace("https:", "wss:"));
        const said = [isSecureContext];
        socket.onerror = () => reject(new Error("the socket failed"));
        socket.onopen = () => socket.send("hello");
        socket.onmessage = ({ data }) => { said.push(data); socket.send("close"); };
        socket.onclose = ({ code, wasClean }) => resolve([...said, code, wasClean]);
      })`,
      undefined,
    );
    expect(said).toEqual([true, "hello", 4_000, true]);
  });

  test("another certificate is refused", async (context) => {
    const page = await openPage(context);
    const { port } = await securing(files, echoingPages(), { ...files.pair("rsa"), detectTruncation }, "https");
    await expect(page.goto(`https://localhost:${port}/`)).rejects.toThrow("net::ERR_CERT_AUTHORITY_INVALID");
  });
});
