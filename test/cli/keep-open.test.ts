import { describe, expect, test } from "vitest";
import { MAX_CLIENTS } from "../../src/cli/clients.ts";
import { startChild } from "../support/child.ts";
import { connectToUrl } from "../support/sockets.ts";
import { requireTool } from "../support/tools.ts";
import { startInShell, startListener } from "./sockwright.ts";

describe("listen --keep-open", () => {
  test("clients are served one after the other, and many at once", async (context) => {
    const ncat = requireTool(context, "ncat");
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    const port = url.split(":").at(-1) ?? "";
    const say = async (word: string): Promise<void> => {
      const client = await startChild(ncat, ["--send-only", "127.0.0.1", port]);
      client.stdin.end(`${word}\n`);
      expect((await client.exit()).code).toBe(0);
    };
    for (const word of ["a", "b", "c"]) {
      await say(word);
      await child.line(new RegExp(`^${word}$`));
    }
    await Promise.all([..."defghijklm"].map(say));
    await expect
      .poll(() =>
        child.stdout
          .match(/^[a-m]$/gm)
          ?.sort()
          .join(""),
      )
      .toBe("abcdefghijklm");
  });

  test("a client that sends a reset loses only its own connection", async () => {
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    const [rude, polite] = [await connectToUrl(url), await connectToUrl(url)];
    await child.line(/^open: /);
    await child.line(/^open: /);
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    rude.setsockopt(1, 13, linger);
    rude.close();
    await child.line(/^sockwright: tcp:.*: the peer reset the connection/);
    await polite.sendall("still here\n");
    await child.line(/^still here$/);
    expect(child.stdout.match(/reset the connection/g)).toHaveLength(1);
  });

  test("standard input goes to all connected clients, and waits for the first one", async () => {
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    child.stdin.write("early");
    const first = await connectToUrl(url);
    expect(String(await first.recv(64))).toBe("early");
    const second = await connectToUrl(url);
    await child.line(/^open: /);
    await child.line(/^open: /);
    child.stdin.write("both");
    for (const client of [first, second]) expect(String(await client.recv(64))).toBe("both");
  });

  test("the end of standard input reaches the connected clients and those that connect later", async () => {
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    const first = await connectToUrl(url);
    await child.line(/^open: /);
    child.stdin.end("bye");
    expect(String(await first.recv(64))).toBe("bye");
    expect(await first.recv(1)).toHaveLength(0);
    const second = await connectToUrl(url);
    expect(await second.recv(1)).toHaveLength(0);
    await second.sendall("from the second\n");
    await child.line(/^from the second$/);
  });

  test("the end of a client's input ends its connection", async () => {
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    const client = await connectToUrl(url);
    await client.sendall("12345");
    client.shutdown(1);
    expect(await client.recv(1)).toHaveLength(0);
    await child.line(/closed: tcp:.*, 5 bytes received, 0 sent$/);
  });

  test("--idle-timeout closes a silent client, and no other client", async () => {
    const { child, url } = await startListener("--keep-open", "--idle-timeout", "1s", "tcp://127.0.0.1:0");
    const silent = await connectToUrl(url);
    expect(await silent.recv(1)).toHaveLength(0);
    await child.line(/^sockwright: tcp:.*: closed, because it sent nothing and received nothing for too long$/);
    const next = await connectToUrl(url);
    await next.sendall("next\n");
    await child.line(/^next$/);
  });

  test("MAX_CLIENTS: a further client waits until another one disconnects", async () => {
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    const first = await connectToUrl(url);
    for (let more = 1; more < MAX_CLIENTS; more++) await connectToUrl(url);
    for (let open = 0; open < MAX_CLIENTS; open++) await child.line(/^open: /);
    const late = await connectToUrl(url);
    await late.sendall("late\n");
    // A round trip: by then the waiting client would have received data.
    await first.sendall("first\n");
    await child.line(/^first$/);
    first.close();
    await child.line(/^late$/);
    const words = child.stdout.match(/^(?:open|closed|first|late)/gm) ?? [];
    expect(words.slice(1_000)).toEqual(["first", "closed", "open", "late"]);
  });

  test("SIGTERM ends listen and its clients", async () => {
    const { child, url } = await startListener("--keep-open", "tcp://127.0.0.1:0");
    const client = await connectToUrl(url);
    await child.line(/^open: /);
    process.kill(-child.pid, "SIGTERM");
    expect(await client.recv(1)).toHaveLength(0);
    await child.exit();
    await expect(connectToUrl(url)).rejects.toThrow(/ECONNREFUSED/);
  });

  test("when the reader closes the pipe, listen ends silently", async () => {
    const script = "set -o pipefail; sockwright listen --keep-open tcp://127.0.0.1:0 </dev/null 2>&1 >&3 | cat";
    const child = await startInShell(`exec 3> >(exec head -n 1 >/dev/null); ${script}`);
    const [, url = ""] = await child.line(/^listening on (.+)$/);
    const client = await connectToUrl(url);
    const flood = (async () => {
      for (;;) await client.sendall("more\n");
    })();
    await expect(flood).rejects.toThrow(/ECONNRESET|EPIPE/);
    expect((await child.exit()).code).toBe(0);
    expect(child.stdout).not.toContain("sockwright:");
  });
});
