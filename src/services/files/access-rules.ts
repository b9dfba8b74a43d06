/** What a client may do with a path. */
export type Right = "list" | "read" | "create" | "overwrite" | "delete";

/** All rights. */
export const RIGHTS: readonly Right[] = ["list", "read", "create", "overwrite", "delete"];

/** What some clients may do below a path. */
export interface AccessRule {
  /** From the root, without a slash at either end; `""` is the root. */
  readonly path: string;
  /** A name; `*` is everybody, `+` is anybody with credentials, and `@NAME` a group. */
  readonly user: string;
  readonly rights: ReadonlySet<Right>;
}

/** Somebody with credentials. */
export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
}

const NONE: ReadonlySet<Right> = new Set();

/** The rights by path: the longest path that is a prefix by whole segments decides, and its rules add up. */
export class AccessRules {
  readonly #anonymous: ReadonlySet<Right>;
  readonly #rules: ReadonlyMap<string, readonly AccessRule[]>;

  /** @param anonymous - the rights of everybody where no rule is. */
  constructor(anonymous: ReadonlySet<Right>, rules: readonly AccessRule[] = []) {
    this.#anonymous = anonymous;
    this.#rules = grouped(rules);
  }

  /** The rights at a path of one with credentials, or of one without. */
  rightsAt(identity: Identity | undefined, path: string): ReadonlySet<Right> {
    const rules = this.#rulesOf(path);
    if (rules === undefined) return this.#anonymous;
    const own = rules.filter(({ user }) => isMeant(user, identity));
    return own.length === 0 ? NONE : new Set(own.flatMap(({ rights }) => [...rights]));
  }

  /** Whether no rule is for a path below this one, so that all have its rights. */
  isUniformBelow(path: string): boolean {
    const prefix = path === "" ? "" : `${path}/`;
    return [...this.#rules.keys()].every((own) => own === path || !own.startsWith(prefix));
  }

  /** The rules of the longest path. */
  #rulesOf(path: string): readonly AccessRule[] | undefined {
    for (let prefix = path; ; prefix = prefix.slice(0, Math.max(prefix.lastIndexOf("/"), 0))) {
      const rules = this.#rules.get(prefix);
      if (rules !== undefined || prefix === "") return rules;
    }
  }
}

function grouped(rules: readonly AccessRule[]): ReadonlyMap<string, readonly AccessRule[]> {
  const byPath = new Map<string, AccessRule[]>();
  for (const rule of rules) byPath.set(rule.path, [...(byPath.get(rule.path) ?? []), rule]);
  return byPath;
}

function isMeant(user: string, identity: Identity | undefined): boolean {
  if (user === "*") return true;
  if (identity === undefined) return false;
  return user === "+" || user === identity.name || (user.startsWith("@") && identity.groups.includes(user.slice(1)));
}
