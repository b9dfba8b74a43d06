import { HTTP_OPTIONS, type HttpOptions, MAX_BODY_BYTES } from "../../http/service/http-options.ts";
import { age, bytes, choice, count, custom, hook, text } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import { HOSTS_OPTION, MAX_HOSTS } from "../page-access.ts";
import { RIGHTS, type Right } from "./access-rules.ts";
import type { ConflictRule } from "./destination.ts";
import type { Receipt } from "./receipts.ts";

/** The default of `maxPartials`: uploads that are not complete; beyond it, the service refuses a further one with 507. */
const DEFAULT_MAX_PARTIALS = 1_000;
/** The default of `expireMs`: how long an upload lives to which nothing is appended; then 410. */
const DEFAULT_EXPIRE_MS = 24 * 60 * 60 * 1_000;

/** The options of a files service. */
export interface FilesOptions {
  /**
   * What everybody may do who brings no credentials: `list`, `read`, `create`, `overwrite`, `delete`. Default `list`, `read` and `create`
   * on a listener that only this machine reaches, and nothing elsewhere. With `users` their file says it.
   */
  readonly allow?: readonly Right[] | undefined;
  /** The path of the users file, TOML, to which only its owner has access. Default none. */
  readonly users?: string | undefined;
  /**
   * Host names of the service, in addition to the listener's address and loopback names: `files.example.org`, or
   * `https://files.example.org` behind a proxy that terminates TLS. Requests for other hosts get 421. At most 100.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Origins of pages of other sites that may send requests, such as `https://app.example.org`. At most 100; default none. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Size of a file, in bytes, up to 1 TiB; the service refuses a larger one with 413. Default 1 TiB. */
  readonly maxFileBytes?: number | undefined;
  /** Size of all files and uploads together, in bytes; beyond it, the service answers 507. Default no limit. */
  readonly quotaBytes?: number | undefined;
  /** Number of uploads that are not complete; beyond it, the service answers 507. Default 1 000. */
  readonly maxPartials?: number | undefined;
  /** How long an upload lives to which nothing is appended, in ms. Then 410, and its bytes are removed. Default 24 hours. */
  readonly expireMs?: number | undefined;
  /** Whether digests are computed and uploads checked after a restart: `"sha256"`, the default, or `"none"`. */
  readonly digest?: "sha256" | "none" | undefined;
  /**
   * What becomes of a file whose name is taken, when its client may not overwrite: it fails with 409, or becomes `name (2)`. Default
   * `"fail"`.
   */
  readonly onConflict?: ConflictRule | undefined;
  /** Called with each receipt, when it is on the disk. */
  readonly onReceipt?: ((receipt: Receipt) => void) | undefined;
  /** Called with the error when the service itself fails, and no request can be told of it. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** The options of the HTTP service. `maxBodyBytes` is by default that of a file. */
  readonly http?: HttpOptions | undefined;
}

/** Checks and defaults of {@link FilesOptions}, also for options from a file or a command line. */
export const FILES_OPTIONS = optionTable({
  allow: custom("rights", rights),
  users: text(),
  hosts: HOSTS_OPTION,
  allowOrigins: custom("origins", origins),
  maxFileBytes: bytes({ max: MAX_BODY_BYTES, default: MAX_BODY_BYTES }),
  quotaBytes: bytes({ max: Number.MAX_SAFE_INTEGER }),
  maxPartials: count({ default: DEFAULT_MAX_PARTIALS }),
  expireMs: age({ default: DEFAULT_EXPIRE_MS }),
  digest: choice(["sha256", "none"], { default: "sha256" }),
  onConflict: choice(["fail", "rename"], { default: "fail" }),
  onReceipt: hook<NonNullable<FilesOptions["onReceipt"]>>(),
  onError: hook<NonNullable<FilesOptions["onError"]>>(),
  http: custom(
    "options of http()",
    (path, given) => HTTP_OPTIONS.checkGiven("files()", given, path),
    HTTP_OPTIONS.kinds,
  ),
} satisfies OptionKindsOf<FilesOptions>);

/** The checked options, with defaults filled in. */
export type FilesSettings = OptionValues<(typeof FILES_OPTIONS)["kinds"]>;

function rights(path: string, given: unknown): readonly Right[] {
  if (!Array.isArray(given)) throw wrongType(path, 'an array, such as ["list", "read"]', given);
  return given.map((word: unknown, place) => {
    const right = RIGHTS.find((known) => known === word);
    if (right === undefined) throw wrongValue(`${path}[${place}]`, `must be one of ${RIGHTS.join(", ")}`, word);
    return right;
  });
}

function origins(path: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) throw wrongType(path, 'an array, such as ["https://app.example.org"]', given);
  if (given.length > MAX_HOSTS) throw wrongValue(path, `must have at most ${MAX_HOSTS} members`, given.length);
  return given.map((origin: unknown, place) => {
    const own = `${path}[${place}]`;
    if (typeof origin !== "string") throw wrongType(own, "of type string", origin);
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin;
    if (!isOrigin) throw wrongValue(own, 'must be an origin such as "https://app.example.org"', origin);
    return origin;
  });
}
