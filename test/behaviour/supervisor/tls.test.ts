// Services with TLS: a certificate of their own on loopback, and files that a reload reads again.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../../src/server/connect.ts";
import type { ListenerPlan } from "../../../src/supervisor/plan.ts";
import { certificates } from "../../support/certificates.ts";
import { at, greeter, page, running, urlOfService } from "./running.ts";

const files = certificates();

/** The fingerprint of a server's certificate. */
async function fingerprintAt(url: string, pin?: string): Promise<string | undefined> {
  const ca = pin === undefined ? files.path("ca.pem") : undefined;
  const client = await connect({ url: url.replace("127.0.0.1", "localhost").replace(/(\d)\/.*$/, "$1"), ca, pin });
  const found = client.tls?.fingerprint;
  await client.close();
  return found;
}

/** A certificate and its key in a folder of their own, which a test replaces. */
function changing(name: string): { cert: string; key: string; use: (name: string) => void } {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "cert.key")];
  const use = (other: string): void => {
    const pair = files.pair(other);
    copyFileSync(String(pair.cert), cert);
    copyFileSync(String(pair.key), key);
  };
  use(name);
  return { cert, key, use };
}

const HTTPS = "https://127.0.0.1:0";

test("a reload keeps the certificate that was made for https: on loopback", async () => {
  const { supervisor, events } = await running([page("one", [at(HTTPS, "/")])]);
  const [first] = events;
  if (first?.event !== "certificate") throw new Error("no certificate was told");
  expect(first.url).toBe(HTTPS);
  const url = urlOfService(supervisor, "one");
  expect(await fingerprintAt(url, first.fingerprint)).toBe(first.fingerprint);
  await supervisor.reload({
    services: [page("one", [at(HTTPS, "/")], "other"), greeter("two", ["tcp://127.0.0.1:0"])],
  });
  expect(urlOfService(supervisor, "one")).toBe(url);
  expect(await fingerprintAt(url, first.fingerprint)).toBe(first.fingerprint);
  expect(events.filter(({ event }) => event === "certificate")).toHaveLength(1);
});

test("a reload reads the files again; a bad one changes no listener, and a drain does not depend on it", async () => {
  const [good, other] = [changing("localhost"), changing("localhost")];
  const place = ({ cert, key }: typeof good): ListenerPlan => ({
    listener: { url: "tls://127.0.0.1:0", cert, key },
    mount: undefined,
  });
  const services = [greeter("one", [place(good)]), greeter("two", [place(other)])];
  const { supervisor } = await running(services);
  const url = urlOfService(supervisor, "one");
  const before = await fingerprintAt(url);
  good.use("rsa");
  writeFileSync(other.key, "no key");
  await expect(supervisor.reload({ services })).rejects.toThrow(
    `the service two cannot listen on tls://127.0.0.1:0: key ${JSON.stringify(other.key)}: it is no PEM file`,
  );
  expect(await fingerprintAt(url)).toBe(before);
  other.use("localhost");
  await supervisor.reload({ services });
  expect(await fingerprintAt(url)).not.toBe(before);
  writeFileSync(other.key, "no key");
  expect(await supervisor.drain("one")).toBe(true);
});

test("services on one listener have the certificate that one of them gives", async () => {
  const folder = mkdtempSync(join(tmpdir(), "listener-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = `https+unix:${join(folder, "a.sock")}`;
  const inner = { listener: { url, ...files.pair("localhost") }, mount: "/inner/" };
  await running([page("site", [at(url, "/")]), page("inner", [inner])]);
  const client = await connect({ url, ca: files.path("ca.pem"), servername: "localhost" });
  expect(client.tls?.version).toBe("TLSv1.3");
  await client.close();
});
