import { wrongType } from "./argument.ts";
import { MAX_TIMEOUT_MS } from "./deadline.ts";
import { nearest } from "./nearest.ts";

/** The names of all options of a call. An option of the type that is not listed does not compile. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true };

/** The names of the options of any call. */
type Names = Readonly<Record<string, true>>;

/**
 * The names that other libraries, and earlier versions of this one, use for an option. The error suggests the first one that the
 * call has. Names that differ only in case, in a unit or by a typing error need no entry.
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
  ["certfile", ["cert"]],
  ["keyfile", ["key"]],
  ["cafile", ["ca"]],
  ["cacert", ["ca"]],
  ["serverhostname", ["servername"]],
  ["alpnprotocols", ["alpn"]],
  ["minversion", ["min"]],
  ["minimumversion", ["min"]],
  ["requestcert", ["client"]],
  ["rejectunauthorized", ["pin"]],
]);
/** The units at the end of a name, which are ignored in the search for a similar name. */
const UNIT = /(?:bytes|size|ms|msec|millis|milliseconds|seconds|sec)$/;

function formOf(form: string | ((given: number) => string) | undefined, options: unknown): string {
  if (typeof form === "function") return typeof options === "number" ? form(options) : "";
  return form !== undefined && (typeof options === "number" || Array.isArray(options)) ? form : "";
}

/**
 * Checks that `options` is undefined or an object, and that the call has each of its options. For valid options it allocates
 * nothing and reads no value, since it also checks the calls for every message.
 *
 * @param call - the call as the user writes it, such as `recv()`.
 * @param form - what to write in place of a number or an array, which C and Python accept there; it continues the text "must be
 * of type object". A function is for numbers alone: the parts of an array may have no text.
 * @param elsewhere - hints for options that belong to another call or place, by their name.
 * @throws TypeError.
 */
export function checkOptions(
  call: string,
  options: unknown,
  names: Names,
  form?: string | ((given: number) => string),
  argument = "options",
  elsewhere?: ReadonlyMap<string, string>,
): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw wrongType(argument, `of type object${formOf(form, options)}`, options);
  }
  // Not Object.keys, which would allocate an array.
  for (const name in options) {
    if (names[name] === true || isOfEveryObject(name, options)) continue;
    // Signals and views are objects with enumerable names, but not options.
    if (options instanceof AbortSignal) throw wrongType(argument, "of type object, such as { signal }", options);
    if (ArrayBuffer.isView(options)) throw wrongType(argument, "of type object", options);
    const path = `${argument}.${name}`;
    const hint = elsewhere?.get(name);
    if (hint !== undefined) throw noOption(call, path, hint);
    throw unknownOption(call, path, name, names, Object.getOwnPropertyDescriptor(options, name)?.value);
  }
}

/** Like {@link checkOptions}, for an object of functions, such as a service. An instance of a class may have other fields. */
export function checkDefinition(call: string, definition: unknown, names: Names, argument: string, form: string): void {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) {
    throw wrongType(argument, `of type object${form}`, definition);
  }
  const prototype: unknown = Object.getPrototypeOf(definition);
  if (prototype === Object.prototype || prototype === null) checkOptions(call, definition, names, undefined, argument);
}

/** Returns whether the program has added the name to Object.prototype: it is not an option, and not an error of the caller. */
function isOfEveryObject(name: string, options: object): boolean {
  return name in Object.prototype && !Object.hasOwn(options, name);
}

/** Returns the code of a signal to write in place of a time in ms. */
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
    // highWaterBytes marks clients by URL, which have no timeout of their own.
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
  const synonym = (MEANT.get(word) ?? MEANT.get(bare))?.find((meant) => known.includes(meant));
  if (synonym !== undefined) return synonym;
  const same =
    known.find((each) => plain(each) === word) ?? known.find((each) => plain(each).replace(UNIT, "") === bare);
  const near = same ?? nearest(word, known.map(plain));
  return known.find((each) => each === near || plain(each) === near);
}

/** Returns a name without the differences of writing styles: `max_connections`, `MaxConnections`. */
function plain(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase();
}
