import { generationOf, slotOf } from "../../native/kernel.ts";
import { addonError, kernel } from "../../native/load.ts";
import { errnoName } from "../../socket/values.ts";
import { type Base, O_PATH, type Place, type Symlinks } from "./place.ts";
import { FORBIDDEN, MISSING, type Unopened } from "./unopened.ts";

// openat2(2), linux/openat2.h.
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
/** Linux 5.12: fails where a disk would have to be waited for. */
const RESOLVE_CACHED = 0x20;

const RESOLVE: Readonly<Record<Symlinks, number>> = {
  deny: RESOLVE_CACHED | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  inside: RESOLVE_CACHED | RESOLVE_BENEATH,
  follow: RESOLVE_CACHED,
};

/** What is the same whichever way one looks. EXDEV is not: an absolute link, too, may lead to what is inside. */
const CERTAIN: ReadonlyMap<string, Unopened> = new Map([
  ["ENOENT", MISSING],
  ["ENOTDIR", MISSING],
  ["ELOOP", MISSING],
  ["ENAMETOOLONG", MISSING],
  ["EACCES", FORBIDDEN],
]);

/** The addon can be asked. */
export const isAvailable = addonError === undefined;

/**
 * Looks with one system call, which waits for nothing. Undefined where that cannot tell: something of the path is not in memory,
 * a link leads out of the base or to an absolute path, the kernel is too old (ENOSYS, EINVAL), or a filter of system calls has
 * refused it (EPERM: seccomp(2)).
 */
export function findCachedPlace(base: Base, path: string, symlinks: Symlinks): Place | Unopened | undefined {
  const handle = kernel.openat2(base.descriptor, path, O_PATH, RESOLVE[symlinks]);
  if (handle < 0) return CERTAIN.get(errnoName(-handle));
  const key = [slotOf(handle), generationOf(handle)] as const;
  return { descriptor: kernel.fileno(...key), close: () => void kernel.close(...key) };
}
