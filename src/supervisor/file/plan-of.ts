import { join, resolve } from "node:path";
import { HTTP_OPTIONS } from "../../http/service/http-options.ts";
import { SERVE } from "../../server/serve-options.ts";
import { parseSocketUrl, SocketUrlError } from "../../server/url/socket-url.ts";
import { DEFAULT_GRACE_MS, type Plan, type ServicePlan } from "../plan.ts";
import { withAbsoluteFiles } from "./certificate-files.ts";
import { type Finding, Findings } from "./findings.ts";
import { checkCertificates } from "./listener-certificates.ts";
import { checkValues, isTable, type PlainTable, plainData } from "./plain-data.ts";
import { MAX_LISTENERS } from "./read-listeners.ts";
import { hintFor, type ReadOptions, readOptions } from "./read-options.ts";
import { type ReadService, readService } from "./read-service.ts";
import { optionsOf, SHARED_KEYS } from "./shared-keys.ts";
import { checkShared } from "./shared-listeners.ts";
import { shown, shownKey } from "./shown.ts";

/** The default path of the admin socket, relative to the folder of the file. */
const DEFAULT_ADMIN_SOCKET = "sockwright.sock";
/** The most services in one file. */
export const MAX_SERVICES = 256;

const KEYS = ["admin", "server", "service"];

/** A plan, or all mistakes of the document. */
export type PlanResult = { readonly plan: Plan } | { readonly findings: readonly Finding[] };

/**
 * Makes the plan that a parsed document describes.
 *
 * @param folder - the folder that relative paths refer to.
 */
export function planOf(document: unknown, folder: string): PlanResult {
  const findings = new Findings();
  checkValues(document, findings);
  if (findings.count > 0) return { findings: findings.all };
  const plain = plainData(document);
  const table = isTable(plain) ? plain : {};
  const home = resolve(folder);
  for (const key of Object.keys(table)) {
    if (!KEYS.includes(key)) findings.wrongKey([key], `${shownKey(key)} is no table of the file; ${tableHint(key)}`);
  }
  const adminSocket = readAdmin(table["admin"], home, findings);
  const server = withAbsoluteFiles(readServer(table["server"], findings), home);
  const services = serviceTables(table["service"], findings).map(([service, index]) =>
    readService(service, { path: ["service", index], findings, folder: home, server }),
  );
  checkNames(services, findings);
  if (isListenable(services, findings)) {
    checkShared(services, findings);
    checkCertificates(services, findings);
  }
  const user = readOwner("user", server, services, findings);
  const group = readOwner("group", server, services, findings);
  if (findings.count > 0) return { findings: findings.all };
  return { plan: { adminSocket, services: services.flatMap(servicePlan), user, group } };
}

function tableHint(key: string): string {
  if (SHARED_KEYS.has(key)) return "write it into [server]";
  const near = KEYS.find((known) => hintFor(key, KEYS) === `did you mean ${known}?`);
  if (near === undefined) return "there are [admin], [server] and [[service]]";
  return `did you mean ${near === "service" ? "[[service]]" : `[${near}]`}?`;
}

function readAdmin(given: unknown, folder: string, findings: Findings): string {
  const byDefault = join(folder, DEFAULT_ADMIN_SOCKET);
  if (given === undefined) return byDefault;
  if (!isTable(given)) {
    findings.wrongValue(["admin"], `admin is ${shown(given)}; write a table, [admin]`);
    return byDefault;
  }
  readOptions(given, new Map(), { path: ["admin"], findings, what: "[admin]" }, undefined, ["socket"]);
  const { socket = DEFAULT_ADMIN_SOCKET } = given;
  const path = ["admin", "socket"];
  if (typeof socket !== "string" || socket === "") {
    findings.wrongValue(path, `socket is ${shown(socket)}; it must be the path of a Unix socket`);
    return byDefault;
  }
  const full = resolve(folder, socket);
  try {
    parseSocketUrl(`unix:${full.replace(/%(?=3f|25)/gi, "%25").replaceAll("?", "%3F")}`);
  } catch (error) {
    if (!(error instanceof SocketUrlError)) throw error;
    findings.wrongValue(
      path,
      `socket ${error.message.slice(JSON.stringify(error.input).length + 1).replace(": ", "; ")}`,
    );
  }
  return full;
}

function readServer(given: unknown, findings: Findings): ReadOptions {
  if (given === undefined) return {};
  if (isTable(given)) {
    const advice = (key: string): string | undefined =>
      ["name", "kind", "module", "options", "listen"].includes(key) ? "write it into a [[service]]" : undefined;
    return readOptions(given, SHARED_KEYS, { path: ["server"], findings, what: "[server]" }, advice);
  }
  findings.wrongValue(["server"], `server is ${shown(given)}; write a table, [server]`);
  return {};
}

/** Returns each service with its index in the list. */
function serviceTables(given: unknown, findings: Findings): readonly (readonly [PlainTable, number])[] {
  const path = ["service"];
  if (given === undefined || (Array.isArray(given) && given.length === 0)) {
    findings.wrongValue(path, "there is no service; write [[service]], and below it its name, kind and listen");
    return [];
  }
  if (!Array.isArray(given)) {
    const hint = isTable(given) ? "[service] is one table, and services are many" : `service is ${shown(given)}`;
    findings.wrongValue(path, `${hint}; write [[service]] for each of them`);
    return [];
  }
  if (given.length > MAX_SERVICES) {
    findings.wrongValue([...path, MAX_SERVICES], `there are ${given.length} services; at most ${MAX_SERVICES} can be`);
    return [];
  }
  return given.flatMap((each: unknown, index) => {
    if (isTable(each)) return [[each, index] as const];
    findings.wrongValue([...path, index], `a service is ${shown(each)}; write a table, [[service]]`);
    return [];
  });
}

function checkNames(services: readonly ReadService[], findings: Findings): void {
  const names = new Set<string>();
  for (const { name, path } of services) {
    if (name === undefined) continue;
    if (names.has(name))
      findings.wrongValue([...path, "name"], `the name ${name} is taken by a service above; write another one`);
    names.add(name);
  }
}

function isListenable(services: readonly ReadService[], findings: Findings): boolean {
  const listeners = services.flatMap((service) => service.listeners);
  const [first] = listeners.slice(MAX_LISTENERS);
  if (first === undefined) return true;
  findings.wrongValue(first.path, `there are ${listeners.length} listeners; at most ${MAX_LISTENERS} can be`);
  return false;
}

/** All services run in one process, so they share one user and one group. */
function readOwner(
  key: "user" | "group",
  server: ReadOptions,
  services: readonly ReadService[],
  findings: Findings,
): string | undefined {
  const said = services
    .filter(({ ownKeys }) => ownKeys.includes(key))
    .map(({ shared, path }) => ({ path, is: shared[key] }));
  const all = [{ path: ["server"], is: server[key] }, ...said].filter(({ is }) => is !== undefined);
  for (const { path, is } of all) {
    if (is === "") findings.wrongValue([...path, key], `${key} is ""; write a name or a number`);
    else if (is !== all[0]?.is) {
      findings.wrongValue(
        [...path, key],
        `${key} is ${shown(is)}, and ${shown(all[0]?.is)} elsewhere; one process has one ${key}, so write it once, into [server]`,
      );
    }
  }
  const [first] = all;
  return typeof first?.is === "string" ? first.is : undefined;
}

function servicePlan({ name, source, listeners, shared }: ReadService): readonly ServicePlan[] {
  if (name === undefined || source === undefined) return [];
  const { graceMs } = shared;
  return [
    {
      name,
      source,
      listeners: listeners.map(({ listener, mount }) => ({ listener, mount })),
      limits: optionsOf(SERVE.kinds, shared),
      http: optionsOf(HTTP_OPTIONS.kinds, shared),
      graceMs: typeof graceMs === "number" ? graceMs : DEFAULT_GRACE_MS,
    },
  ];
}
