import { expect, test } from "vitest";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";
import { runHere } from "../../cli/in-process.ts";
import { echo, serving, urlOf } from "../../support/serving.ts";

async function served(): Promise<{ url: string; fingerprint: string }> {
  const { cert, key, fingerprint } = loopbackCertificate();
  const server = await serving(echo, { cert: Buffer.from(cert), key: Buffer.from(key) }, "tls://127.0.0.1:0");
  return { url: urlOf(server), fingerprint };
}

test("a pinned certificate is accepted, and its chain is printed", async () => {
  const { url, fingerprint } = await served();
  const { code, stdout, stderr } = await runHere(["tls", `${url}?pin=${fingerprint}`]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(": TLSv1.3, ");
  expect(stdout).toContain(fingerprint);
});

test("one that is refused is printed, too, as JSON with all that is known of it", async () => {
  const { url, fingerprint } = await served();
  const { code, stdout, stderr } = await runHere(["tls", url, "--json"]);
  expect(code).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({ url, accepted: false, chain: [{ fingerprint }] });
  expect(JSON.parse(stderr)).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT", exitCode: 4 });
});

test("without a server there is no chain", async () => {
  const { code, stdout, stderr } = await runHere(["tls", "tls://127.0.0.1:1"]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("no process listens there");
});

test("one URL, and no flag of others", async () => {
  expect(await runHere(["tls"])).toMatchObject({ code: 2 });
  expect(await runHere(["tls", "tls://a:1", "tls://b:1"])).toMatchObject({ code: 2 });
  expect(await runHere(["tls", "tls://a:1", "--insecure"])).toMatchObject({ code: 2 });
  expect((await runHere(["tls", "--help"])).stdout).toContain("Exit codes:");
});
