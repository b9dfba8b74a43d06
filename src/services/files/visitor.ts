import type { HttpContext } from "../../http/service/handler.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import { RequestError } from "../../http/service/request-error.ts";
import type { Right } from "./access-rules.ts";
import type { Author } from "./receipts.ts";

/** The client of a request, as far as rights are concerned. */
export interface Visitor {
  /** Undefined for one without credentials. */
  readonly user: string | undefined;
  /** The value of WWW-Authenticate with which it is asked for credentials; undefined where nobody has any. */
  readonly challenges: readonly string[];
  /** The rights at a path, from the root. */
  rightsAt(path: string): ReadonlySet<Right>;
  /** Whether all paths below a folder have the rights of the folder. */
  isUniformBelow(path: string): boolean;
}

/** A request, and who sent it. */
export interface Asked {
  readonly request: HttpRequest;
  readonly context: HttpContext;
  readonly visitor: Visitor;
  readonly author: Author;
}

/** Whether a visitor has a right at a path. */
export function may(visitor: Visitor, right: Right, path: string): boolean {
  return visitor.rightsAt(path).has(right);
}

/**
 * Demands a right at a path.
 *
 * @throws RequestError 401 without credentials, 403 with them; 404 where the visitor may not read either, so that it does not learn what
 * is there.
 */
export function demand(visitor: Visitor, right: Right, path: string): void {
  if (!may(visitor, right, path)) throw refusal(visitor, path, right);
}

/** The refusal of a right. */
export function refusal(visitor: Visitor, path: string, right?: Right): RequestError {
  if (visitor.user === undefined && visitor.challenges.length > 0) {
    return new RequestError(401, "Credentials are needed", {
      headers: visitor.challenges.map((challenge) => ["WWW-Authenticate", challenge] as const),
    });
  }
  const isHidden = !may(visitor, "read", path) && !may(visitor, "list", path) && visitor.user !== undefined;
  if (isHidden && right !== "create") return new RequestError(404, "There is nothing of this name");
  return new RequestError(403, "You do not have the right to do this");
}
