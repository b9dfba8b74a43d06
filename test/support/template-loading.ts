// Makes templates from texts, or returns the errors.
import { expect } from "vitest";
import { loadTemplate, type Template } from "../../src/services/web/template/template.ts";
import { TemplateError } from "../../src/services/web/template/template-error.ts";
import type { TemplateLimits } from "../../src/services/web/template/template-limits.ts";
import type { Variables } from "../../src/services/web/template/variables.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Loads `page.html`, which may include the other files. */
export function loadedFrom(page: string | Uint8Array, files: Files = {}, limits: TemplateLimits = {}): Template {
  const all: Files = { ...files, "page.html": page };
  return loadTemplate("page.html", { read: (file) => all[file] ?? missing(file), ...limits });
}

function missing(file: string): never {
  throw new Error(`there is no ${file}`);
}

export function rendered(page: string, variables: Variables = {}, files: Files = {}): string {
  return loadedFrom(page, files).render(variables);
}

/** Returns the message of the error that loading a template throws. */
export function refusalOf(page: string | Uint8Array, files: Files = {}, limits: TemplateLimits = {}): string {
  try {
    loadedFrom(page, files, limits);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    expect(error.code).toBe("ERR_SOCKWRIGHT_TEMPLATE");
    expect(error.message.startsWith(`${error.file}:${error.line}: `)).toBe(true);
    return error.message;
  }
  return "it is not refused";
}
