import { parse, TomlError } from "smol-toml";
import { readSecretFile } from "../secret-file.ts";
import { type AccessRule, AccessRules, type Identity, RIGHTS, type Right } from "./access-rules.ts";
import { filePath } from "./file-path.ts";

/** Limits the bytes of a users file. */
export const MAX_USERS_FILE_BYTES = 1024 * 1024;
/** Limits the users of a file. */
export const MAX_USERS = 1_000;
/** Limits the rules for paths. */
export const MAX_PATH_RULES = 1_000;
/** Limits the memory that a password takes to be checked: N and r of scrypt, RFC 7914, times 128 bytes. */
export const MAX_SCRYPT_BYTES = 128 * 1024 * 1024;

/** A password as scrypt has made it: RFC 7914. */
export interface ScryptHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** A user of a file. */
export interface User extends Identity {
  /** The SHA-256 of its token. */
  readonly token: Buffer | undefined;
  readonly password: ScryptHash | undefined;
}

/** The users of a file, and what they and others may do. */
export interface UsersFile {
  readonly users: ReadonlyMap<string, User>;
  readonly rules: AccessRules;
}

/** The error of a users file that cannot be used; `code` is always `"ERR_SOCKWRIGHT_USERS_FILE"`. */
export class UsersFileError extends Error {
  readonly code = "ERR_SOCKWRIGHT_USERS_FILE";
  override readonly name = "UsersFileError";

  constructor(path: string, reason: string, cause?: unknown) {
    super(`the users file ${path} ${reason}`, { cause });
  }
}

/**
 * Reads the users from a file to which only its owner has access.
 *
 * @throws UsersFileError.
 */
export function readUsersFile(path: string): UsersFile {
  const errorOf = (reason: string, cause?: unknown): Error => new UsersFileError(path, reason, cause);
  return parseUsers(readSecretFile({ path, maxBytes: MAX_USERS_FILE_BYTES, errorOf }), path);
}

/** Parses the text of a users file. @throws UsersFileError. */
export function parseUsers(text: string, path: string): UsersFile {
  return new UsersReader(path).read(text);
}

type Table = Readonly<Record<string, unknown>>;

class UsersReader {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(text: string): UsersFile {
    const file = this.#parse(text);
    this.#checkKeys("the file", file, ["anonymous", "user", "path"]);
    const anonymous = file["anonymous"] === undefined ? {} : this.#table("[anonymous]", file["anonymous"]);
    this.#checkKeys("[anonymous]", anonymous, ["allow"]);
    const users = new Map<string, User>();
    for (const [place, entry] of this.#tables("user", file["user"], MAX_USERS).entries()) {
      const user = this.#user(`user ${place + 1}`, entry);
      if (users.has(user.name)) this.#fail(`has the user ${JSON.stringify(user.name)} twice`);
      users.set(user.name, user);
    }
    const groups = new Set([...users.values()].flatMap((user) => user.groups));
    const rules = this.#tables("path", file["path"], MAX_PATH_RULES).map((entry, place) =>
      this.#rule(`path ${place + 1}`, entry, users, groups),
    );
    const allowed = anonymous["allow"] === undefined ? new Set<Right>() : this.#rights("[anonymous]", anonymous);
    return { users, rules: new AccessRules(allowed, rules) };
  }

  #parse(text: string): Table {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const [reason = ""] = error.message.split("\n");
      throw new UsersFileError(this.#path, `is not TOML: line ${error.line}: ${reason}`, error);
    }
  }

  #user(what: string, entry: Table): User {
    this.#checkKeys(what, entry, ["name", "token", "password", "groups"]);
    const name = this.#text(what, entry, "name") ?? this.#fail(`has no name for ${what}`);
    if (!/^[\p{L}\p{N}._-][\p{L}\p{N}._@-]*$/u.test(name)) {
      this.#fail(`has a name for ${what} with other letters than letters, digits, . _ - and @`);
    }
    const own = `the user ${name}`;
    const token = this.#token(own, this.#text(own, entry, "token"));
    const password = this.#password(own, this.#text(own, entry, "password"));
    if (token === undefined && password === undefined) this.#fail(`has neither a token nor a password for ${own}`);
    return { name, token, password, groups: this.#texts(own, entry, "groups") };
  }

  #token(what: string, text: string | undefined): Buffer | undefined {
    if (text === undefined) return undefined;
    const [, digest] = /^sha256:([\da-f]{64})$/i.exec(text) ?? [];
    return digest === undefined
      ? this.#fail(`has a token for ${what} that is not sha256:HEX with 64 digits`)
      : Buffer.from(digest, "hex");
  }

  #password(what: string, text: string | undefined): ScryptHash | undefined {
    if (text === undefined) return undefined;
    const parts = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([\w+/-]{16,}={0,2}):([\w+/-]{22,}={0,2})$/.exec(text);
    if (parts === null) return this.#fail(`has a password for ${what} that is not scrypt:N:r:p:SALT64:HASH64`);
    const [cost = 0, blockSize = 0, parallelization = 0] = parts.slice(1, 4).map(Number);
    const isPower = cost > 1 && Number.isInteger(Math.log2(cost));
    if (!isPower || blockSize < 1 || parallelization < 1 || parallelization > 16) {
      this.#fail(`has a password for ${what} with numbers that scrypt does not take: RFC 7914`);
    }
    if (128 * cost * blockSize > MAX_SCRYPT_BYTES) this.#fail(`has a password for ${what} that takes too much memory`);
    const [salt, hash] = [parts[4], parts[5]].map((part = "") => Buffer.from(part, "base64"));
    if (salt === undefined || hash === undefined) return undefined;
    return { cost, blockSize, parallelization, salt, hash };
  }

  #rule(what: string, entry: Table, users: ReadonlyMap<string, User>, groups: ReadonlySet<string>): AccessRule {
    this.#checkKeys(what, entry, ["path", "user", "allow"]);
    const path = this.#text(what, entry, "path") ?? this.#fail(`has no path for ${what}`);
    const found = filePath(encodeURI(path).replaceAll("#", "%23").replaceAll("?", "%3F"));
    if (found.type === "refused" || !found.isFolder) {
      if (path !== "/") this.#fail(`has the path ${JSON.stringify(path)}: write a folder such as "/pub/"`);
    }
    const user = this.#text(what, entry, "user") ?? this.#fail(`has no user for ${what}`);
    const isKnown = user.startsWith("@") ? groups.has(user.slice(1)) : user === "*" || user === "+" || users.has(user);
    if (!isKnown) this.#fail(`has the user ${JSON.stringify(user)} for ${what}, which no [[user]] is`);
    return { path: found.type === "path" ? found.path : "", user, rights: this.#rights(what, entry) };
  }

  #rights(what: string, entry: Table): ReadonlySet<Right> {
    const words = this.#texts(what, entry, "allow");
    if (entry["allow"] === undefined) this.#fail(`has no allow for ${what}`);
    const unknown = words.find((word) => !RIGHTS.some((right) => right === word));
    if (unknown !== undefined) {
      this.#fail(`has the right ${JSON.stringify(unknown)} for ${what}: the rights are ${RIGHTS.join(", ")}`);
    }
    return new Set(words as Right[]);
  }

  #text(what: string, entry: Table, key: string): string | undefined {
    const value = entry[key];
    if (value === undefined || typeof value === "string") return value;
    return this.#fail(`has a ${key} for ${what} that is not text`);
  }

  #texts(what: string, entry: Table, key: string): readonly string[] {
    const value = entry[key] ?? [];
    const isList = Array.isArray(value) && value.every((member): member is string => typeof member === "string");
    return isList ? (value as string[]) : this.#fail(`has ${key} for ${what} that is not a list of texts`);
  }

  #table(what: string, value: unknown): Table {
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    return isTable ? (value as Table) : this.#fail(`has ${what} that is not a table`);
  }

  #tables(name: string, value: unknown, max: number): readonly Table[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) return this.#fail(`has ${name} that is not written as [[${name}]]`);
    if (value.length > max) this.#fail(`has more than ${max} [[${name}]]`);
    return value.map((entry: unknown) => this.#table(`[[${name}]]`, entry));
  }

  #checkKeys(what: string, table: Table, known: readonly string[]): void {
    const other = Object.keys(table).find((key) => !known.includes(key));
    if (other !== undefined) this.#fail(`has the unknown key ${JSON.stringify(other)} for ${what}`);
  }

  #fail(reason: string): never {
    throw new UsersFileError(this.#path, reason);
  }
}
