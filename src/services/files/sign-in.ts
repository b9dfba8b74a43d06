import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { RequestError } from "../../http/service/request-error.ts";
import { AddressRate, type Rate } from "../../server/limits/address-rate.ts";
import type { Clock } from "../../server/time/clock.ts";
import type { ScryptHash, User, UsersFile } from "./users-file.ts";

/** Limits the false credentials of one address, or /64 network; beyond it, the service checks none from there. */
const FALSE_CREDENTIALS_RATE: Rate = { perSecond: 10 / 60, burst: 10 };
/** How long a password that was right is not computed again. */
export const PASSWORD_KEPT_MS = 5 * 60_000;
/** Limits the passwords that are kept as right; beyond it, the oldest is computed again. */
export const MAX_KEPT_PASSWORDS = 1_000;
/** Limits the passwords that are computed at once: each takes a thread of the pool, and memory. Then 503. */
export const MAX_PENDING_PASSWORDS = 8;
/** Limits the letters of a name or secret; a longer one is false. */
export const MAX_SECRET_LENGTH = 1_024;

/** Stands in for the password of an unknown user, so that the answer takes as long. */
const NO_PASSWORD: ScryptHash = {
  cost: 16_384,
  blockSize: 8,
  parallelization: 1,
  salt: randomBytes(16),
  hash: randomBytes(32),
};

/** Finds out who sends a request: by Bearer, RFC 6750, or by Basic, RFC 7617. */
export class SignIn {
  readonly #clock: Clock;
  readonly #rate: AddressRate;
  /** Keeps no password readable in memory. */
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, number>();
  readonly #pending = new Map<string, Promise<boolean>>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#rate = new AddressRate(FALSE_CREDENTIALS_RATE, clock);
  }

  /**
   * Returns the user of the credentials, or undefined when there are none.
   *
   * @param address - of the client, as limits count it.
   * @throws RequestError 401, 429 after too many false credentials, 503.
   */
  async user(file: UsersFile, authorization: string | undefined, address: string): Promise<User | undefined> {
    if (authorization === undefined) return undefined;
    if (this.#rate.isSpent(address)) {
      throw new RequestError(429, "Too many false credentials", { headers: { "Retry-After": "6" } });
    }
    const user = await this.#find(file, authorization);
    if (user !== undefined) return user;
    this.#rate.take(address);
    throw new RequestError(401, "The credentials are not right", {
      headers: CHALLENGES.map((challenge) => ["WWW-Authenticate", challenge] as const),
    });
  }

  async #find(file: UsersFile, authorization: string): Promise<User | undefined> {
    const [, scheme = "", given = ""] = /^([!#$%&'*+.^`|~\w-]+) +(\S+) *$/.exec(authorization) ?? [];
    switch (scheme.toLowerCase()) {
      case "bearer":
        return given.length > MAX_SECRET_LENGTH ? undefined : byToken([...file.users.values()], given);
      case "basic":
        return await this.#byNameAndSecret(file, given);
      default:
        return undefined;
    }
  }

  async #byNameAndSecret({ users }: UsersFile, given: string): Promise<User | undefined> {
    const text = Buffer.from(given, "base64").toString();
    const colon = text.indexOf(":");
    if (colon < 0 || text.length > MAX_SECRET_LENGTH) return undefined;
    const [name, secret] = [text.slice(0, colon), text.slice(colon + 1)];
    const user = users.get(name);
    if (user !== undefined && byToken([user], secret) !== undefined) return user;
    const isRight = await this.#isPassword(name, secret, user?.password ?? NO_PASSWORD);
    return isRight && user?.password !== undefined ? user : undefined;
  }

  async #isPassword(name: string, secret: string, password: ScryptHash): Promise<boolean> {
    const key = createHmac("sha256", this.#key)
      .update(`${name}\0${secret}\0`)
      .update(password.salt)
      .update(password.hash)
      .digest("base64");
    const nowMs = this.#clock.now();
    if ((this.#right.get(key) ?? Number.NEGATIVE_INFINITY) > nowMs - PASSWORD_KEPT_MS) return true;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      if (this.#pending.size >= MAX_PENDING_PASSWORDS) {
        throw new RequestError(503, "Too many passwords are being checked", { headers: { "Retry-After": "1" } });
      }
      pending = isScrypt(secret, password).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    const isRight = await pending;
    if (isRight) this.#keep(key);
    return isRight;
  }

  #keep(key: string): void {
    this.#right.delete(key);
    this.#right.set(key, this.#clock.now());
    const [oldest] = this.#right.keys();
    if (this.#right.size > MAX_KEPT_PASSWORDS && oldest !== undefined) this.#right.delete(oldest);
  }
}

/** The schemes that a client is asked for: browsers show a dialog for Basic. */
export const CHALLENGES: readonly string[] = ['Basic realm="files", charset="UTF-8"', 'Bearer realm="files"'];

/** All users are compared, so that the time says nothing. */
function byToken(users: readonly User[], given: string): User | undefined {
  const digest = createHash("sha256").update(given).digest();
  return users.filter(({ token }) => token !== undefined && timingSafeEqual(token, digest))[0];
}

function isScrypt(secret: string, { cost, blockSize, parallelization, salt, hash }: ScryptHash): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // With some room: OpenSSL counts more than 128 N r bytes.
    const maxmem = 256 * cost * blockSize + 1024 * 1024;
    scrypt(secret.normalize("NFC"), salt, hash.length, { cost, blockSize, parallelization, maxmem }, (error, made) => {
      if (error === null) resolve(timingSafeEqual(made, hash));
      else reject(error);
    });
  });
}
