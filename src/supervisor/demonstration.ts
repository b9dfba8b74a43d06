import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../server/server.ts";
import { DEFAULT_GRACE_MS, type ListenerPlan, type Plan, type ServicePlan } from "./plan.ts";

/** The built pages of its site. Source and compiled command are at the same depth in the package. */
const PAGES = new URL("../../dist/pages/", import.meta.url);
const FILES = [
  ["home/index.html", "index.html"],
  ["home/go.html", "go.html"],
  ["home/style.css", "style.css"],
  ["icon.svg", "icon.svg"],
] as const;
const HOST = "127.0.0.1";

/** A row of the table that the demonstration prints and shows: the address of a service, and a shell command for it. */
interface DemonstrationRow {
  readonly service: string;
  readonly address: string;
  readonly command: string;
  /** Whether a browser shows it. */
  readonly page: boolean;
}

/** The plan of the demonstration: all services on loopback, with a temporary folder that it removes on disposal. */
export interface Demonstration extends Disposable {
  readonly plan: Plan;
  readonly rows: readonly DemonstrationRow[];
  /** Ports that were in use. */
  readonly notes: readonly string[];
}

/**
 * Prepares the demonstration: its folder, and free ports. It replaces ports that are in use.
 *
 * @throws SocketError if no port is free · Error of the file system.
 */
export async function demonstration(): Promise<Demonstration> {
  const notes: string[] = [];
  const port = async (scheme: "tcp" | "udp", wanted: number): Promise<number> => {
    const found = await freePort(scheme, wanted);
    if (found !== wanted) notes.push(`note: port ${wanted} was taken, ${found} instead`);
    return found;
  };
  const ports = {
    greet: await port("tcp", 8000),
    datagrams: await port("udp", 9000),
    chat: await port("tcp", 7000),
    http: await port("tcp", 8080),
  };
  const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  const rows = rowsOf(ports);
  try {
    for (const [from, to] of FILES) copyFileSync(new URL(from, PAGES), join(folder, to));
    const plan = planOf(ports, folder, rows);
    return { plan, rows, notes, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Ports {
  readonly greet: number;
  readonly datagrams: number;
  readonly chat: number;
  readonly http: number;
}

function rowsOf({ greet, datagrams, chat, http }: Ports): readonly DemonstrationRow[] {
  const row = (service: string, address: string, command: string): DemonstrationRow => {
    return { service, address, command, page: address.startsWith("http:") };
  };
  const page = (service: string, path: string): DemonstrationRow => {
    const url = `http://${HOST}:${http}${path}`;
    return row(service, url, `curl -s ${url}`);
  };
  return [
    row("greet", `tcp://${HOST}:${greet}`, `nc ${HOST} ${greet}`),
    row("greet", `udp://${HOST}:${datagrams}`, `nc -u ${HOST} ${datagrams}`),
    row("chat", `tcp://${HOST}:${chat}`, `nc ${HOST} ${chat}`),
    page("chat", "/chat/"),
    page("site", "/"),
    page("site", "/go"),
    page("status", "/status/"),
  ];
}

function planOf(ports: Ports, folder: string, rows: readonly DemonstrationRow[]): Plan {
  const at = (scheme: "tcp" | "udp", port: number): ListenerPlan => {
    return { listener: { url: `${scheme}://${HOST}:${port}` }, mount: undefined };
  };
  const below = (mount: string): ListenerPlan => ({ listener: { url: `http://${HOST}:${ports.http}` }, mount });
  const service = (
    name: string,
    kind: string,
    listeners: readonly ListenerPlan[],
    options: Readonly<Record<string, unknown>> = {},
  ): ServicePlan => {
    return {
      name,
      source: { type: "kind", kind, options },
      listeners,
      limits: {},
      http: {},
      graceMs: DEFAULT_GRACE_MS,
    };
  };
  const adminSocket = join(folder, "sockwright.sock");
  const site = {
    root: folder,
    routes: { "/": "index.html", "/go": "go.html" },
    vars: { rows, adminSocket, content: "This page is made from a template." },
  };
  return {
    adminSocket,
    services: [
      service("greet", "greet", [at("tcp", ports.greet), at("udp", ports.datagrams)], { frame: "lines" }),
      service("chat", "chat", [at("tcp", ports.chat), below("/chat/")], { history: "memory" }),
      service("site", "web", [below("/")], site),
      service("status", "status", [below("/status/")]),
    ],
    user: undefined,
    group: undefined,
  };
}

/** Returns the wanted port, or another one if it is in use. If another process takes it before the service opens it, that fails. */
async function freePort(scheme: "tcp" | "udp", wanted: number): Promise<number> {
  try {
    return await boundPort(scheme, wanted);
  } catch (error) {
    if (!isTaken(error)) throw error;
    return boundPort(scheme, 0);
  }
}

/** EACCES: a port that the kernel reserves. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES");
}

async function boundPort(scheme: "tcp" | "udp", port: number): Promise<number> {
  const probe = { name: "probe", stream: () => undefined, datagram: () => undefined };
  const server = await serve(`${scheme}://${HOST}:${port}`, probe);
  const [url = ""] = server.urls;
  await server.close({ graceMs: 0 });
  return Number(/:(\d+)$/.exec(url)?.[1]);
}
