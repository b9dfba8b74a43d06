import type { ContentCoding } from "../../http/content-codings.ts";
import { type FileStat, isSameStat } from "./file-stat.ts";
import type { Representation } from "./representation.ts";

/** A file that is served under a path, in each form that there is of it. */
export class Resource {
  /** As it is; then the precompressed ones, the smallest first. */
  readonly representations: readonly [Representation, ...Representation[]];
  readonly codings: readonly ContentCoding[];
  /** What was found by each name that was looked for, `undefined` where nothing was. */
  readonly #stats: ReadonlyMap<string, FileStat | undefined>;
  /** Whether it may change without its times showing it. */
  readonly isUnsettled: boolean;
  readonly heldBytes: number;
  readonly descriptors: number;

  constructor(
    representations: readonly [Representation, ...Representation[]],
    stats: ReadonlyMap<string, FileStat | undefined>,
    isUnsettled: boolean,
  ) {
    const [plain, ...compressed] = representations;
    const forms = [plain, ...compressed.sort((one, other) => one.length - other.length)] as const;
    this.representations = forms;
    this.codings = forms.slice(1).map(({ coding }) => coding);
    this.#stats = stats;
    this.isUnsettled = isUnsettled;
    this.heldBytes = forms.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    this.descriptors = forms.filter(({ isOpen }) => isOpen).length;
  }

  /** Whether the same was found now. */
  isAsFound(stats: ReadonlyMap<string, FileStat | undefined>): boolean {
    if (this.isUnsettled || stats.size !== this.#stats.size) return false;
    for (const [name, found] of stats) {
      if (!isSameStat(found, this.#stats.get(name))) return false;
    }
    return true;
  }

  /** Whether what was said of the forms that are sent from open files holds: a file is written in place, too. */
  get isCurrent(): boolean {
    return this.representations.every((form) => form.isCurrent);
  }

  /** The form of a coding. */
  inCoding(coding: ContentCoding): Representation {
    return this.representations.find((form) => form.coding === coding) ?? this.representations[0];
  }

  /** What is being sent of it is sent to its end. */
  close(): void {
    for (const form of this.representations) form.close();
  }
}
