// Python programs that talk through a chaos proxy: `url` is a connected socket, or a listening one, by its URL.
import type { TestContext } from "vitest";
import { type Child, startChild } from "./child.ts";
import { requireTool } from "./tools.ts";

const PRELUDE = `
import socket, sys
def parts(url):
    scheme, rest = url.split(":", 1)
    kind = socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM
    if scheme == "unix":
        return socket.AF_UNIX, kind, "\\0" + rest[1:] if rest.startswith("@") else rest
    host, port = rest[2:].split(":")
    return socket.AF_INET, kind, (host, int(port))
def connected(url):
    family, kind, address = parts(url)
    sock = socket.socket(family, kind)
    sock.connect(address)
    return sock
def listening(url):
    family, kind, address = parts(url)
    sock = socket.socket(family, kind)
    sock.bind(address)
    if kind == socket.SOCK_STREAM:
        sock.listen()
    name = sock.getsockname()
    print("at", url if family == socket.AF_UNIX else url.split(":")[0] + "://127.0.0.1:%d" % name[1], flush=True)
    return sock
def say(*words):
    print(*words, flush=True)
url = sys.argv[1]
`;

/** Runs a Python program with the URL that it connects to. */
export function startPythonThroughChaos(context: TestContext, url: string, program: string): Promise<Child> {
  return startChild(requireTool(context, "python3"), ["-B", "-u", "-c", `${PRELUDE}\n${program}`, url]);
}

/** The same for a program that listens; returns its URL too. */
export async function listenPython(
  context: TestContext,
  url: string,
  program: string,
): Promise<{ child: Child; url: string }> {
  const child = await startPythonThroughChaos(context, url, program);
  const [, at = ""] = await child.line(/^at (.*)$/);
  return { child, url: at };
}
