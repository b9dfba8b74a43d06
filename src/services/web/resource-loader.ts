import type { ContentCoding } from "../../http/content-codings.ts";
import type { CacheRules } from "./cache-rules.ts";
import { readContent, withSuffix } from "./file-content.ts";
import type { FileStat } from "./file-stat.ts";
import { type MediaTypes, mediaTypeOf } from "./media-type-of.ts";
import { Representation } from "./representation.ts";
import { Resource } from "./resource.ts";
import type { Opened, Root } from "./root.ts";

/** The extensions of compressed files. */
const SUFFIXES: readonly (readonly [suffix: string, coding: ContentCoding])[] = [
  [".br", "br"],
  [".zst", "zstd"],
  [".gz", "gzip"],
];

type OpenedFile = Extract<Opened, { type: "file" }>;
/** No file to send: `directory` when the name is that of a directory. */
export interface NoResource {
  readonly type: "directory" | "missing" | "forbidden" | "busy";
}

/** How the loader describes files. */
export interface LoaderSettings {
  readonly precompressed: boolean;
  readonly mediaTypes: MediaTypes;
  readonly cacheRules: CacheRules;
  /** Further fields of all files. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A script that is added to each HTML page. */
  readonly htmlSuffix: Buffer | undefined;
}

/** Opens files together with their compressed forms. */
export class ResourceLoader {
  readonly #root: Root;
  readonly #options: LoaderSettings;

  constructor(root: Root, options: LoaderSettings) {
    this.#root = root;
    this.#options = options;
  }

  /**
   * Opens a file. Returns the known resource when nothing has changed.
   *
   * @param path - from the root.
   */
  async load(path: string, known: Resource | undefined): Promise<Resource | NoResource> {
    const plain = await this.#root.open(path);
    if (plain.type !== "file") return plain;
    const files = new Map<ContentCoding, OpenedFile>([["identity", plain]]);
    const stats = new Map<string, FileStat | undefined>([["", plain.stat]]);
    try {
      if (this.#options.precompressed) await this.#openCompressed(path, plain.stat, files, stats);
      if (known?.isAsFound(stats) === true) return known;
      return await this.#resourceOf(path, files, stats);
    } finally {
      // The representations have taken their files out of this list.
      for (const { handle } of files.values()) await handle.close();
    }
  }

  /** A compressed form that is older than its file belongs to earlier content; one that is not smaller is useless. */
  async #openCompressed(
    path: string,
    plain: FileStat,
    files: Map<ContentCoding, OpenedFile>,
    stats: Map<string, FileStat | undefined>,
  ): Promise<void> {
    for (const [suffix, coding] of SUFFIXES) {
      const opened = await this.#root.open(path + suffix);
      stats.set(suffix, opened.type === "file" ? opened.stat : undefined);
      if (opened.type !== "file") continue;
      const isGood = opened.stat.mtimeNs >= plain.mtimeNs && opened.stat.size < plain.size;
      if (isGood) files.set(coding, opened);
      else await opened.handle.close();
    }
  }

  async #resourceOf(
    path: string,
    files: Map<ContentCoding, OpenedFile>,
    stats: ReadonlyMap<string, FileStat | undefined>,
  ): Promise<Resource> {
    const { cacheRules, mediaTypes, headers, htmlSuffix } = this.#options;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const cacheControl = cacheRules.cacheControlOf(`/${path}`);
    const fields: (readonly [string, string])[] = [];
    // RFC 9110, section 12.5.5: the uncompressed form has Vary too.
    if (files.size > 1) fields.push(["Vary", "Accept-Encoding"]);
    fields.push(...headers);
    const mediaType = mediaTypeOf(name, mediaTypes);
    const forms: Representation[] = [];
    let isUnsettled = false;
    try {
      for (const [coding, { handle, stat }] of files) {
        let content = await readContent(handle, stat, Date.now());
        if (htmlSuffix !== undefined && mediaType.startsWith("text/html"))
          content = await withSuffix(content, htmlSuffix);
        isUnsettled ||= content.isUnsettled;
        forms.push(new Representation(content, { coding, mediaType, cacheControl, fields }, handle));
        files.delete(coding);
      }
      const [plain, ...compressed] = forms;
      if (plain === undefined) throw new Error("A file without a form");
      return new Resource([plain, ...compressed], stats, isUnsettled);
    } catch (error) {
      for (const form of forms) form.close();
      throw error;
    }
  }
}
