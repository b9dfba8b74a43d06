// The TypeDoc plugin for the documentation site: titles, groups and addresses of the pages, a page for each source file that a
// guide links to, and an error for each broken link.
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { Converter, KindRouter, Renderer } from "typedoc";
import { brokenLinks } from "./broken-links.mjs";
import { describe, sortAsIndex } from "./document.mjs";
import { addFilePages } from "./file-pages.mjs";
import { adapted } from "./markup.mjs";
import { nameModules, registerClass } from "./modules.mjs";
import { searchForWords } from "./search.mjs";
import { GitHubSlugger } from "./slugs.mjs";

/** @param {import("typedoc").Application} app */
export function load(app) {
  acceptPercentSigns();
  reportMissingFiles(app);
  app.renderer.defineRouter("site", SiteRouter);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => describe(document));
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, registerClass);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    nameModules(project);
    sortAsIndex(project);
    addFilePages(app.converter, project);
  });
  app.renderer.on(Renderer.EVENT_END_PAGE, (page) => {
    page.contents = adapted(page.contents ?? "", /\.zh-CN\.html$/.test(page.url) ? "zh-CN" : "en");
  });
  app.renderer.on(Renderer.EVENT_END, ({ outputDirectory, pages }) => {
    searchForWords(outputDirectory);
    const sources = new Map(pages.map(({ url, model }) => [url, sourceOf(model)]));
    for (const { page, href } of brokenLinks(outputDirectory))
      app.logger.error(`${sources.get(page) ?? page}: the link to ${href} leads nowhere`);
  });
}

/** TypeDoc decodes each address: `https://example.org/50%off` would end it, without the name of the page. */
function acceptPercentSigns() {
  const decode = globalThis.decodeURI;
  globalThis.decodeURI = (address) => {
    try {
      return decode(address);
    } catch {
      return address;
    }
  };
}

/** @param {import("typedoc").Application} app */
function reportMissingFiles({ files, logger }) {
  const register = files.register.bind(files);
  files.register = (source, target) => {
    const file = resolve(dirname(source), target.replace(/#.*/, ""));
    const name = relative(".", source);
    if (relative(".", file).startsWith("..")) {
      logger.error(`${name}: the link to ${target} leads out of the repository`);
      return undefined;
    }
    if (!existsSync(file)) logger.error(`${name}: the link to ${target} leads nowhere`);
    return register(source, target);
  };
}

/**
 * Returns the file that contains the text of a page; undefined when it is in several.
 *
 * @param {import("typedoc").RouterTarget} model
 */
function sourceOf(model) {
  if (!("project" in model)) return undefined;
  if (model.isProject()) return "README.md";
  if (model.isDeclaration()) return model.sources?.[0]?.fileName;
  const path = model.project.files.getReflectionPath(model);
  return path && relative(".", path);
}

/** Returns the address of a document, from its file: `docs/guides/chat.html`. The anchors are those of GitHub. */
class SiteRouter extends KindRouter {
  /** @type {WeakMap<import("typedoc").Slugger, GitHubSlugger>} */
  #sluggers = new WeakMap();

  /**
   * @override
   * @param {import("typedoc").RouterTarget} target
   */
  getSlugger(target) {
    const original = super.getSlugger(target);
    if (original instanceof GitHubSlugger) return original;
    const slugger = this.#sluggers.get(original) ?? new GitHubSlugger({ lowercase: true });
    this.#sluggers.set(original, slugger);
    return slugger;
  }

  /**
   * @override
   * @param {import("typedoc").Reflection} reflection
   */
  getIdealBaseName(reflection) {
    const path = reflection.isDocument() ? reflection.project.files.getReflectionPath(reflection) : undefined;
    return path === undefined ? super.getIdealBaseName(reflection) : relative(".", path).replace(/\.md$/, "");
  }
}
