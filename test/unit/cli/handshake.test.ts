import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";
import { connectionOf, needsHandshake } from "../../../src/cli/connection-of.ts";
import { clientBegin, listenerBegin } from "../../../src/cli/handshake.ts";
import type { SocketConnection } from "../../../src/cli/socket-connection.ts";
import { socket } from "../../../src/index.ts";
import { type AddressUrl, parseSocketUrl } from "../../../src/server.ts";
import { freeFolder } from "../../cli/sockwright.ts";

const NEVER = new AbortController().signal;

function parsed(url: string): AddressUrl {
  const made = parseSocketUrl(url);
  if (!("host" in made)) throw new Error(`no address: ${url}`);
  return made;
}

/** The key and the certificate of a listener as the options of its URL, and the pin of its clients. */
function ownFiles(): { own: string; pin: string } {
  const folder = freeFolder();
  const { cert, key, fingerprint } = loopbackCertificate();
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  return { own: `cert=${join(folder, "cert.pem")}&key=${join(folder, "key.pem")}`, pin: `pin=${fingerprint}` };
}

/** Both ends of a connection that begins as the URLs say. */
async function pair(listenerUrl: string, clientUrl: string): Promise<readonly [SocketConnection, SocketConnection]> {
  const listener = socket();
  const client = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  listener.listen();
  const { port } = listener.getsockname() as { port: number };
  const address = { host: "127.0.0.1", port };
  const [[accepted, from]] = await Promise.all([listener.accept(), client.connect(address)]);
  const accepting = await listenerBegin(parsed(listenerUrl));
  const connecting = await clientBegin(parsed(clientUrl), NEVER);
  const both = [
    accepting?.(accepted, from) ?? connectionOf(accepted),
    connecting?.(client, address) ?? connectionOf(client),
  ] as const;
  onTestFinished(() => {
    for (const each of both) each.close();
  });
  return both;
}

test("needsHandshake: TLS and PROXY, and no other URL", () => {
  expect(
    ["tcp://127.0.0.1:1", "tls://127.0.0.1:1", "tcp://127.0.0.1:1?proxy-send=v1"].map((url) =>
      needsHandshake(parsed(url)),
    ),
  ).toEqual([false, true, true]);
});

test("both ends speak TLS", async () => {
  const { own, pin } = ownFiles();
  const [server, client] = await pair(`tls://127.0.0.1:1?${own}`, `tls://127.0.0.1:1?${pin}`);
  await Promise.all([server.ready?.(), client.ready?.()]);
  await client.send(Buffer.from("hello"));
  expect(String(await server.receive())).toBe("hello");
});

test("a client that speaks no TLS is an error of that connection", async () => {
  const { own } = ownFiles();
  const [server, client] = await pair(`tls://127.0.0.1:1?${own}`, "tcp://127.0.0.1:1");
  const refused = expect(server.ready?.()).rejects.toMatchObject({ name: "TlsError" });
  await client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  await refused;
});

test("handshake-timeout ends a handshake without progress", async () => {
  const { own } = ownFiles();
  const [server] = await pair(`tls://127.0.0.1:1?${own}&handshake-timeout=1ms`, "tcp://127.0.0.1:1");
  await expect(server.ready?.()).rejects.toMatchObject({ name: "DeadlineError" });
});

test("files are read before there is a connection; proxy-from is for servers", async () => {
  await expect(listenerBegin(parsed("tls://127.0.0.1:1?cert=no.pem&key=no.key"))).rejects.toMatchObject({
    option: "cert",
  });
  await expect(clientBegin(parsed("tls://127.0.0.1:1?ca=no.pem"), NEVER)).rejects.toMatchObject({ option: "ca" });
  await expect(listenerBegin(parsed("tcp://127.0.0.1:1?proxy-from=127.0.0.1"))).rejects.toThrow(/use sockwright relay/);
});
