import { resolve } from "node:path";
import { listenerSettings } from "../../server/listener-options.ts";
import { durationText } from "../../server/options/duration.ts";
import { SERVE, serveLimits } from "../../server/serve-options.ts";
import { checkServerOptions } from "../../server/tls/server-options.ts";
import { TlsOptionError } from "../../server/tls/tls-error.ts";
import { SCHEMES } from "../../server/url/schemes.ts";
import { SocketUrlError } from "../../server/url/socket-url.ts";
import { KINDS, type ServiceKind } from "../kinds.ts";
import type { ServiceSource } from "../plan.ts";
import { withAbsoluteFiles } from "./certificate-files.ts";
import type { Findings, KeyPath } from "./findings.ts";
import { urlMistake } from "./listener-address.ts";
import { optionError } from "./option-error.ts";
import { keyOf, keysOf, type OptionKeys } from "./option-keys.ts";
import { isTable, type PlainTable } from "./plain-data.ts";
import { type ReadListener, readListeners } from "./read-listeners.ts";
import { hintFor, type ReadOptions, readOptions } from "./read-options.ts";
import { optionsOf, SHARED_KEYS, SHARED_KINDS } from "./shared-keys.ts";
import { listed, shown } from "./shown.ts";

/** The longest name of a service, in characters. */
const MAX_NAME_LENGTH = 64;

/** The keys of every service that are not options. */
const OWN_KEYS = ["name", "kind", "module", "options", "listen"];
const NO_KEYS: OptionKeys = new Map();
const NAME = new RegExp(`^[A-Za-z0-9][\\w.-]{0,${MAX_NAME_LENGTH - 1}}$`);

/** A service as the file describes it, before it is checked against the other services. */
export interface ReadService {
  readonly path: KeyPath;
  readonly name: string | undefined;
  readonly source: ServiceSource | undefined;
  readonly listeners: readonly ReadListener[];
  /** The shared options of this service: those of `[server]`, overridden by its own. */
  readonly shared: ReadOptions;
  /** The keys of the service's own table. */
  readonly ownKeys: readonly string[];
}

/** The context in which a service is read. */
export interface ServiceContext {
  readonly path: KeyPath;
  readonly findings: Findings;
  readonly folder: string;
  /** The options that `[server]` sets. */
  readonly server: ReadOptions;
}

/** Reads a `[[service]]`. Invalid values become findings and are left out. */
export function readService(table: PlainTable, context: ServiceContext): ReadService {
  const { path, findings, folder, server } = context;
  const name = readName(table, context);
  const made = readMaker(table, context);
  const kind = made?.type === "kind" ? made.kind : undefined;
  const keys: OptionKeys = kind === undefined ? NO_KEYS : keysOf(kind.options);
  const what = made?.type === "kind" ? `a ${made.name} service` : "a service";
  const settable = [...keys].filter(([, option]) => option.kind.isHook !== true).map(([key]) => key);
  // A key of the kind takes precedence over a shared key of the same name.
  const all = new Map([...keys, ...SHARED_KEYS, ...keys]);
  // Without a valid kind or module, the keys of the service are unknown: only keys of all services are checked.
  const known = made === undefined ? only(table, [...all.keys(), ...OWN_KEYS]) : table;
  const advice = (key: string): string | undefined => adviceOn(key, made);
  const listed = [...OWN_KEYS.filter((key) => key !== "options"), ...settable, "those of [server]"];
  const read = readOptions(known, all, { path, findings, what, listed }, advice, OWN_KEYS);
  const own = withAbsoluteFiles(optionsOf(SHARED_KINDS, read, kind?.options), folder);
  const shared = { ...server, ...own };
  const who = made?.type === "kind" ? made.name : "the module";
  const listeners = readListeners(table, { folder, listenerKinds: kind?.listenerKinds, who }, { path, findings, what });
  for (const listener of listeners) checkLimits(listener, shared, table, context);
  const source = sourceOf(table, made, read, context);
  for (const { listener, urlPath } of listeners) {
    const refusal = kind?.refusal?.(source?.options ?? {}, listener.url);
    if (refusal !== undefined)
      findings.wrongValue(urlPath, `${shown(listener.url)} is no place for ${who}: ${refusal}`);
  }
  return { path, name, source, listeners, shared, ownKeys: Object.keys(table) };
}

type Maker =
  | { readonly type: "kind"; readonly name: string; readonly kind: ServiceKind }
  | { readonly type: "module"; readonly path: string };

function readName(table: PlainTable, { path, findings }: ServiceContext): string | undefined {
  const { name } = table;
  if (name === undefined) findings.wrongKey(path, 'the service has no name; write one, such as name = "greet"');
  else if (typeof name === "string" && NAME.test(name)) return name;
  else {
    findings.wrongValue(
      [...path, "name"],
      `name is ${shown(name)}; it must be 1 to ${MAX_NAME_LENGTH} letters and digits, and between them also _ . -`,
    );
  }
  return undefined;
}

function readMaker(table: PlainTable, { path, findings, folder }: ServiceContext): Maker | undefined {
  const { kind: name, module } = table;
  if (name !== undefined && module !== undefined) {
    findings.wrongKey([...path, "module"], "the service has a kind and a module; leave one of them out");
    return undefined;
  }
  if (module !== undefined) {
    if (typeof module === "string" && module !== "") return { type: "module", path: resolve(folder, module) };
    findings.wrongValue([...path, "module"], `module is ${shown(module)}; write a path, such as "./clock.mjs"`);
    return undefined;
  }
  const kinds = [...KINDS.keys()];
  if (name === undefined) {
    findings.wrongKey(path, `the service has no kind; write one of ${listed(kinds)}, or the path of a module`);
    return undefined;
  }
  const kind = typeof name === "string" ? KINDS.get(name) : undefined;
  if (typeof name === "string" && kind !== undefined) return { type: "kind", name, kind };
  const hint = typeof name === "string" ? hintFor(name, kinds) : `there are ${listed(kinds)}`;
  findings.wrongValue([...path, "kind"], `kind is ${shown(name)}; ${hint}`);
  return undefined;
}

function sourceOf(
  table: PlainTable,
  made: Maker | undefined,
  read: ReadOptions,
  { path, findings, folder }: ServiceContext,
): ServiceSource | undefined {
  const { options } = table;
  if (made?.type === "module") {
    if (options === undefined || isTable(options)) return { ...made, options: options ?? {} };
    findings.wrongValue(
      [...path, "options"],
      `options is ${shown(options)}; write a table, such as { interval = "1s" }`,
    );
    return undefined;
  }
  if (options !== undefined)
    findings.wrongKey(
      [...path, "options"],
      "options is for a module; write the options of a kind as keys of the service",
    );
  if (made === undefined) return undefined;
  const { name, kind } = made;
  for (const [option, example] of Object.entries(kind.required)) {
    const key = keyOf(option);
    if (Object.hasOwn(table, key)) continue;
    findings.wrongKey(path, `the ${name} service has no ${key}; write it, such as ${key} = ${example}`);
  }
  const entries = Object.entries(optionsOf(kind.options, read)).map(([option, value]): [string, unknown] => {
    const words = kind.paths[option];
    if (words === undefined || typeof value !== "string" || words.includes(value)) return [option, value];
    if (value === "" || value.includes("\0")) {
      findings.wrongValue([...path, keyOf(option)], `${keyOf(option)} is ${shown(value)}; it must be a path`);
    }
    return [option, resolve(folder, value)];
  });
  return { type: "kind", kind: name, options: Object.fromEntries(entries) };
}

/** Advice for a key that belongs to another kind, or to the options of a module. */
function adviceOn(key: string, made: Maker | undefined): string | undefined {
  if (made?.type === "module") return hintOf(key) ?? `write it into options = { … }, which the module is given`;
  const others = [...KINDS].filter(([, { options }]) => keysOf(options).has(key)).map(([name]) => name);
  return others.length === 0 ? undefined : `it is one of ${listed(others)}`;
}

function hintOf(key: string): string | undefined {
  const hint = hintFor(key, [...SHARED_KEYS.keys(), ...OWN_KEYS]);
  return hint.startsWith("did") ? hint : undefined;
}

/** Checks the options of a listener and of its service together, as the library does. */
function checkLimits(
  { listener, path: own, urlPath }: ReadListener,
  shared: ReadOptions,
  table: PlainTable,
  context: ServiceContext,
): void {
  try {
    const { listeners } = serveLimits(optionsOf(SERVE.kinds, shared));
    for (const { tls, url } of listenerSettings(listener, listeners))
      if (SCHEMES.get(url.scheme)?.handshake === "tls") checkServerOptions(tls);
  } catch (error) {
    if (error instanceof SocketUrlError) {
      context.findings.wrongValue(urlPath, urlMistake(error));
      return;
    }
    const keyPath = (key: string): KeyPath | undefined => {
      if (Object.keys(listener).some((name) => keyOf(name) === key)) return [...own, key];
      if (Object.hasOwn(table, key)) return [...context.path, key];
      return Object.keys(shared).some((name) => keyOf(name) === key) ? ["server", key] : undefined;
    };
    if (error instanceof TlsOptionError) {
      // One that is missing is told at the one that needs it.
      const place = keyPath(error.option) ?? keyPath("cert") ?? keyPath("key") ?? urlPath;
      context.findings.wrongValue(place, error.message.replace(": ", "; "));
      return;
    }
    const values = Object.entries({ ...shared, ...listener }).map(([name, value]) => [
      keyOf(name),
      sayable(name, value),
    ]);
    const { path: found, message } = optionError(error, Object.fromEntries(values), undefined, "");
    const key = String(found[0]);
    context.findings.wrongValue(keyPath(key) ?? ["server", key], message);
  }
}

/** Returns a time in the form that a file has. */
function sayable(name: string, value: unknown): unknown {
  return name.endsWith("Ms") && typeof value === "number" ? durationText(value) : value;
}

function only(table: PlainTable, keys: readonly string[]): PlainTable {
  return Object.fromEntries(Object.entries(table).filter(([key]) => keys.includes(key)));
}
