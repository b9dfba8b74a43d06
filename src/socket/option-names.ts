import { wrongType } from "./argument.ts";
import { MAX_TIMEOUT_MS } from "./deadline.ts";
import { nearest } from "./nearest.ts";

/** The names of a call's options: all that its type has, and no other. An option that is not listed does not compile. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true };

/** Some names, of whatever call. */
type Names = Readonly<Record<string, true>>;

/**
 * What other libraries, and earlier versions of this one, call an option: the first that the call has was meant. What
 * differs in case, in a unit or by a slip is found without it.
 */
const MEANT: ReadonlyMap<string, readonly string[]> = new Map([
  ["timeout", ["timeoutMs", "idleTimeoutMs", "graceMs", "lingerMs", "patienceMs", "signal"]],
  ["connecttimeout", ["timeoutMs", "signal"]],
  ["abortsignal", ["signal"]],
  ["highwatermark", ["highWaterBytes", "bufferBytes"]],
  ["lowwatermark", ["lowWaterBytes"]],
  ["maxclients", ["maxConnections"]],
  ["maxconnectionsperip", ["maxConnectionsPerAddress"]],
  ["ratelimit", ["acceptRatePerAddress"]],
  ["keepalivetimeout", ["idleTimeoutMs"]],
  ["errorhandler", ["onError"]],
  ["connection", ["stream"]],
  ["onconnection", ["stream"]],
  ["message", ["datagram"]],
  ["onmessage", ["datagram"]],
  ["urls", ["listeners"]],
  ["start", ["offset"]],
  ["count", ["length"]],
  ["limit", ["maxBytes", "maxFrameBytes"]],
  ["maxlength", ["maxBytes", "maxFrameBytes"]],
  ["maxlinelength", ["maxFrameBytes"]],
  ["delimiter", ["newline"]],
  ["eol", ["newline"]],
  ["byteorder", ["endian"]],
  ["size", ["bufferBytes", "maxBytes", "length"]],
]);
/** What a name may have at its end besides, or lack. */
const UNIT = /(?:bytes|size|ms|msec|millis|milliseconds|seconds|sec)$/;

/**
 * Options are an object or not given, and each has a name that the call knows. Nothing is allocated for options that are as
 * they should be, and no value is read: calls for every message are checked, too.
 *
 * @param call - as the user writes it, such as `recv()`.
 * @param form - what to write in place of a number or an array, which C and Python take there: what it completes is "must be
 * of type object".
 * @param elsewhere - what to do with an option that the call does not have, and another place has: by its name.
 * @throws TypeError.
 */
export function checkOptions(
  call: string,
  options: unknown,
  names: Names,
  form?: (given: unknown) => string,
  argument = "options",
  elsewhere?: ReadonlyMap<string, string>,
): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const isPlain = typeof options === "number" || Array.isArray(options);
    throw wrongType(argument, `of type object${isPlain && form !== undefined ? form(options) : ""}`, options);
  }
  // Not by Object.keys, which would make an array.
  for (const name in options) {
    if (names[name] === true || isOfEveryObject(name, options)) continue;
    // They have names, too, and are no options.
    if (options instanceof AbortSignal) throw wrongType(argument, "of type object, such as { signal }", options);
    if (ArrayBuffer.isView(options)) throw wrongType(argument, "of type object", options);
    const path = `${argument}.${name}`;
    const hint = elsewhere?.get(name);
    if (hint !== undefined) throw noOption(call, path, hint);
    throw unknownOption(call, path, name, names, Object.getOwnPropertyDescriptor(options, name)?.value);
  }
}

/** The same for an object of functions, such as a service: one of a class may have fields of its own. */
export function checkDefinition(call: string, definition: unknown, names: Names, argument: string, form: string): void {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) {
    throw wrongType(argument, `of type object${form}`, definition);
  }
  const prototype: unknown = Object.getPrototypeOf(definition);
  if (prototype === Object.prototype || prototype === null) checkOptions(call, definition, names, undefined, argument);
}

/** What a program has put into Object.prototype is no option of this call, and no mistake of it. */
function isOfEveryObject(name: string, options: object): boolean {
  return name in Object.prototype && !Object.hasOwn(options, name);
}

/** The signal in place of a time in ms. */
export function signalAfter(time: unknown): string {
  const isTime = typeof time === "number" && Number.isInteger(time) && time > 0 && time <= MAX_TIMEOUT_MS;
  return `AbortSignal.timeout(${isTime ? time : 5_000})`;
}

function unknownOption(call: string, path: string, name: string, names: Names, value: unknown): TypeError {
  const known = Object.keys(names);
  const meant = meantName(name, known);
  let hint = meant === undefined ? `It has ${known.join(", ")}` : `Did you mean ${meant}?`;
  if (meant === "signal" && /timeout/.test(plain(name))) {
    const signal = signalAfter(value);
    hint = `Write signal: ${signal}`;
    // Clients by URL have no time-out of their own, but an option for what they hold.
    if (!known.includes("highWaterBytes")) hint += `, or before the call ${signal.replace("AbortSignal.", "set")}`;
  }
  return noOption(call, path, hint);
}

function noOption(call: string, path: string, hint: string): TypeError {
  const error = new TypeError(`The property '${path}' is no option of ${call}. ${hint}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
}

function meantName(name: string, known: readonly string[]): string | undefined {
  const word = plain(name);
  const bare = word.replace(UNIT, "");
  const peers = (MEANT.get(word) ?? MEANT.get(bare))?.find((meant) => known.includes(meant));
  if (peers !== undefined) return peers;
  const same =
    known.find((each) => plain(each) === word) ?? known.find((each) => plain(each).replace(UNIT, "") === bare);
  const near = same ?? nearest(word, known.map(plain));
  return known.find((each) => each === near || plain(each) === near);
}

/** Without what styles of writing differ in: `max_connections`, `MaxConnections`. */
function plain(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase();
}
