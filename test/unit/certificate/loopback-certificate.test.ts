import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { isIP } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { fingerprintOf } from "../../../src/certificate/fingerprint.ts";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";

test.for(["localhost", "127.0.0.1", "::1"])("a client accepts it for %s, and for no other name", async (name) => {
  const { cert, key, fingerprint } = loopbackCertificate();
  const server = createServer({ cert, key }, (socket) => socket.end("hello"));
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = Number(Object(server.address()).port);
  const client = connect({
    port,
    host: "127.0.0.1",
    ca: cert,
    checkServerIdentity: (_, peer) => checked(peer.raw, name),
  });
  onTestFinished(() => void client.destroy());
  expect(await greeting(client)).toBe("hello");
  expect(fingerprintOf(new X509Certificate(cert))).toBe(fingerprint);
});

function checked(raw: Buffer, name: string): Error | undefined {
  const certificate = new X509Certificate(raw);
  const isFor = (each: string): boolean =>
    (isIP(each) === 0 ? certificate.checkHost(each) : certificate.checkIP(each)) !== undefined;
  return isFor(name) && !isFor("127.0.0.2") && !isFor("example.org") ? undefined : new Error("not for that name");
}

async function greeting(client: TLSSocket): Promise<string> {
  let text = "";
  for await (const chunk of client) text += String(chunk);
  return text;
}
