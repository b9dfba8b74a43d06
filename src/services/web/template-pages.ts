import type { Clock } from "../../server/time/clock.ts";
import { isRecent } from "./file-content.ts";
import type { FileStat } from "./file-stat.ts";
import type { Glob } from "./glob.ts";
import { isKnown } from "./page-variables.ts";
import type { Opened, Root } from "./root.ts";
import type { SitePages, SiteRequest } from "./site.ts";
import { loadTemplate, type Template, type TemplateName } from "./template/template.ts";
import { TemplateError } from "./template/template-error.ts";
import { DEFAULT_MAX_TEMPLATE_BYTES } from "./template/template-limits.ts";
import type { Variables } from "./template/variables.ts";
import { type ReadTemplate, TemplatePage } from "./template-page.ts";

/** The sources and options of the template pages. */
export interface TemplateSettings {
  /** The files of templates by the path of their page. */
  readonly routes: ReadonlyMap<string, string>;
  /** Further files that are templates. */
  readonly globs: readonly Glob[];
  readonly variables: Variables;
  readonly variablesOf: ((request: SiteRequest) => Variables) | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A script that is added to each page. */
  readonly htmlSuffix: Uint8Array | undefined;
  readonly report: (error: unknown) => void;
}

/** The pages of a site that are rendered from templates. */
export class TemplatePages implements SitePages {
  readonly #pages: ReadonlyMap<string, TemplatePage>;
  readonly #globs: readonly Glob[];
  readonly #routed: ReadonlySet<string>;
  /** The names in all templates for which no value is given. */
  readonly unknownNames: readonly TemplateName[];

  private constructor(
    pages: ReadonlyMap<string, TemplatePage>,
    names: readonly TemplateName[],
    settings: TemplateSettings,
  ) {
    this.#pages = pages;
    this.#globs = settings.globs;
    this.#routed = new Set(settings.routes.values());
    this.unknownNames = names.filter(({ name, isInEach }) => !isInEach && !isKnown(name, settings.variables));
  }

  /**
   * Reads all templates.
   *
   * @throws TemplateError for one that cannot be read, or rendered safely.
   */
  static async load(root: Root, settings: TemplateSettings, clock: Clock): Promise<TemplatePages> {
    const pages = new Map<string, TemplatePage>();
    const names: TemplateName[] = [];
    for (const [path, file] of settings.routes) {
      const load = (): Promise<ReadTemplate> => loadFrom(root, file);
      const loaded = await load();
      if ("error" in loaded) throw loaded.error;
      names.push(...loaded.template.names);
      const stat = async (name: string): Promise<FileStat | undefined> => {
        const found = await root.stat(name);
        return found.type === "file" ? found.stat : undefined;
      };
      pages.set(path, new TemplatePage(loaded, { ...settings, load, stat, clock }));
    }
    return new TemplatePages(pages, names, settings);
  }

  pageAt(path: string): TemplatePage | undefined {
    return this.#pages.size === 0 ? undefined : this.#pages.get(path);
  }

  expire(): void {
    for (const page of this.#pages.values()) page.expire();
  }

  /** Also a file that a template includes. */
  isTemplate(file: string): boolean {
    if (this.#hasNone) return false;
    if (this.#routed.has(file) || this.#globs.some((glob) => glob.matches(`/${file}`))) return true;
    for (const { files } of this.#pages.values()) if (files.includes(file)) return true;
    return false;
  }

  templatesIn(folder: string): (name: string) => boolean {
    if (this.#hasNone) return () => false;
    const prefix = folder === "" ? "" : `${folder}/`;
    const files = new Set(this.#routed);
    for (const page of this.#pages.values()) for (const file of page.files) files.add(file);
    const globs = this.#globs.map((glob) => glob.behind(`/${prefix}`));
    return (name) => files.has(prefix + name) || globs.some((matches) => matches(name));
  }

  get #hasNone(): boolean {
    return this.#pages.size === 0 && this.#globs.length === 0;
  }
}

/** Reads a template, then the files that it includes, until none is missing. */
async function loadFrom(root: Root, file: string): Promise<ReadTemplate> {
  const texts = new Map<string, Buffer>();
  const stats = new Map<string, FileStat | undefined>();
  const unread = new Map<string, string>();
  let isUnsettled = false;
  for (;;) {
    const missing: string[] = [];
    const read = (name: string): Buffer => {
      const text = texts.get(name);
      if (text !== undefined) return text;
      const reason = unread.get(name);
      // When an included file cannot be read, the including template tells where.
      if (reason !== undefined) throw new Error(reason);
      missing.push(name);
      return NOTHING;
    };
    const result = tried(() => loadTemplate(file, { read }));
    if (missing.length === 0) return { ...result, stats, isUnsettled };
    for (const name of missing) {
      const opened = await root.open(name);
      const text = await textOf(opened);
      const stat = opened.type === "file" ? opened.stat : undefined;
      stats.set(name, stat);
      isUnsettled ||= stat !== undefined && isRecent(stat, Date.now());
      if (typeof text !== "string") texts.set(name, text);
      else if (name === file) return { error: new TemplateError({ file, line: 1 }, text), stats, isUnsettled };
      else unread.set(name, text);
    }
  }
}

/** The content of a file, or the reason why it was not read. */
async function textOf(opened: Opened): Promise<Buffer | string> {
  if (opened.type !== "file") return REASONS[opened.type];
  const { handle, stat } = opened;
  try {
    // A file that is too large is not read at all.
    return stat.size > DEFAULT_MAX_TEMPLATE_BYTES ? TOO_LARGE : await handle.readFile();
  } finally {
    await handle.close();
  }
}

const NOTHING = Buffer.alloc(0);
const TOO_LARGE = `it has more than ${DEFAULT_MAX_TEMPLATE_BYTES} bytes`;
const REASONS = {
  directory: "it is a directory",
  missing: "no such file",
  forbidden: "it may not be read",
  busy: "no descriptor is free",
} as const;

function tried(load: () => Template): { template: Template } | { error: unknown } {
  try {
    return { template: load() };
  } catch (error) {
    return { error };
  }
}
