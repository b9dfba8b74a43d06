import { readFileSync } from "node:fs";

// proc(5): the files of /proc/self/net, one line for each socket of the machine.
const INTERNET = ["tcp", "tcp6", "udp", "udp6"] as const;
const LISTENING = "0A";

/** Returns a function that describes the target `socket:[INODE]` of a descriptor, such as `tcp 127.0.0.1:8000 listening`. */
export function socketNames(): (target: string) => string {
  const names = new Map<string, string>();
  for (const file of INTERNET) for (const [inode, name] of internetSockets(file)) names.set(inode, name);
  for (const [inode, name] of unixSockets()) names.set(inode, name);
  return (target) => {
    const name = names.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "");
    return name === undefined ? target : `${target}: ${name}`;
  };
}

function internetSockets(file: (typeof INTERNET)[number]): (readonly [inode: string, name: string])[] {
  return linesOf(file).map((line) => {
    const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    const kind = file.replace("6", "");
    const other = remote.endsWith(":0000") ? "" : ` to ${endpointText(remote)}`;
    return [inode, `${kind} ${endpointText(local)}${kind === "tcp" && state === LISTENING ? " listening" : other}`];
  });
}

function unixSockets(): (readonly [inode: string, name: string])[] {
  return linesOf("unix").map((line) => {
    const [, , , , , , inode = "", ...path] = line.trim().split(/\s+/);
    return [inode, `unix ${path.join(" ")}`.trim()];
  });
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(`/proc/self/net/${file}`, "latin1").split("\n").slice(1, -1);
  } catch {
    // Without IPv6 there is no tcp6, and outside Linux there are none of these files: the sockets then have no names.
    return [];
  }
}

/** `0100007F:1F90` is 127.0.0.1:8000: words in the machine's byte order, little-endian where Node runs on Linux. */
function endpointText(hex: string): string {
  const [address = "", port = ""] = hex.split(":");
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, "hex").reverse()]);
  const text =
    bytes.length === 4
      ? bytes.join(".")
      : `[${Buffer.from(bytes)
          .toString("hex")
          .replace(/(.{4})(?=.)/g, "$1:")}]`;
  return `${text}:${Number.parseInt(port, 16)}`;
}
