import type { ContentCoding } from "../../http/content-codings.ts";
import { type FileStat, isSameStat } from "./file-stat.ts";
import type { Representation } from "./representation.ts";

/** A file that the server sends for a path, in each of its codings. */
export class Resource {
  /** The file as it is first, then its compressed forms, the smallest first. */
  readonly representations: readonly [Representation, ...Representation[]];
  readonly codings: readonly ContentCoding[];
  /** The result for each name that was looked up; `undefined` where nothing was found. */
  readonly #stats: ReadonlyMap<string, FileStat | undefined>;
  /** Whether the content may change without a change of its times. */
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

  /** Whether another lookup found the same files. */
  isAsFound(stats: ReadonlyMap<string, FileStat | undefined>): boolean {
    if (this.isUnsettled || stats.size !== this.#stats.size) return false;
    for (const [name, found] of stats) {
      if (!isSameStat(found, this.#stats.get(name))) return false;
    }
    return true;
  }

  /** Whether the forms that are sent from open files are unchanged: a program may write to a file in place. */
  get isCurrent(): boolean {
    return this.representations.every((form) => form.isCurrent);
  }

  /** The form with the given coding. */
  inCoding(coding: ContentCoding): Representation {
    return this.representations.find((form) => form.coding === coding) ?? this.representations[0];
  }

  /** Answers that are being sent from it are finished. */
  close(): void {
    for (const form of this.representations) form.close();
  }
}
