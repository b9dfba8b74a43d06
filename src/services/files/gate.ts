import type { HttpContext } from "../../http/service/handler.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import { addressKey } from "../../server/limits/address-key.ts";
import type { Clock } from "../../server/time/clock.ts";
import { AccessRules, type Right } from "./access-rules.ts";
import { CHALLENGES, SignIn } from "./sign-in.ts";
import type { UsersSource } from "./users-source.ts";
import type { Asked } from "./visitor.ts";

/** What everybody may do on a listener that only this machine reaches, unless the server is told otherwise. */
const DEFAULT_LOCAL_RIGHTS: readonly Right[] = ["list", "read", "create"];

/** The addresses of the loopback interface, as a listener has them. */
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|\[::1\])$/i;

/** Finds out who sends a request, and what it may do. */
export class Gate {
  readonly #signIn: SignIn;
  /** The rights of everybody, when there are no users. */
  readonly #open: AccessRules | undefined;
  readonly #users: UsersSource | undefined;

  /**
   * @param allowed - what everybody may do; undefined is {@link DEFAULT_LOCAL_RIGHTS} on loopback, and nothing elsewhere.
   * @param users - their file; then it alone decides.
   */
  constructor(allowed: readonly Right[] | undefined, users: UsersSource | undefined, clock: Clock) {
    this.#open = allowed === undefined ? undefined : new AccessRules(new Set(allowed));
    this.#users = users;
    this.#signIn = new SignIn(clock);
  }

  /** @throws RequestError 401, 429, 503 for credentials that are false, or cannot be checked. */
  async ask(request: HttpRequest, context: HttpContext): Promise<Asked> {
    const file = this.#users?.current;
    const { peer } = context;
    const authorization = file === undefined ? undefined : request.headers.get("Authorization");
    const user =
      file === undefined || authorization === undefined
        ? undefined
        : await this.#signIn.user(file, authorization, addressKey(peer) ?? "unix");
    const rules = file?.rules ?? this.#open ?? (isLocal(context) ? LOCAL : NOBODY);
    return {
      request,
      context,
      visitor: {
        user: user?.name,
        challenges: file === undefined ? [] : CHALLENGES,
        rightsAt: (path) => rules.rightsAt(user, path),
        isUniformBelow: (path) => rules.isUniformBelow(path),
      },
      author: { user: user?.name, address: "host" in peer ? peer.host : undefined },
    };
  }
}

const LOCAL = new AccessRules(new Set(DEFAULT_LOCAL_RIGHTS));
const NOBODY = new AccessRules(new Set());

/** Whether only this machine reaches the listener of a request. */
function isLocal({ connection }: HttpContext): boolean {
  const at = connection.owner?.at;
  if (at === undefined) return false;
  return "host" in at ? LOOPBACK.test(at.host) : "path" in at;
}
