import type { HttpAnswer } from "../../http/service/handler.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { PAGE_FIELDS, PageFiles } from "../page-files.ts";
import {
  byteText,
  captionOf,
  comparison,
  type DirectoryListing,
  MAX_SHOWN_ENTRIES,
  timeOf,
} from "../web/directory-listing.ts";
import { escapedHtml } from "../web/escaped-text.ts";
import { loadTemplate, type Template } from "../web/template/template.ts";
import type { Right } from "./access-rules.ts";

/** The path of the page's script, style and icon; no file is below it. */
const ASSETS_PATH = "/.page/";
/** What the page may load and do: with its previews, pictures and sound of this server, and nothing of another. */
const POLICY_ADDITIONS = "; media-src 'self'; worker-src 'self'";

const COLUMNS = [
  ["name", "Name"],
  ["size", "Size"],
  ["time", "Modified (UTC)"],
] as const;

/** What a page shows. */
export interface FilesPageInput extends DirectoryListing {
  readonly rights: ReadonlySet<Right>;
  /** The path before the service, without a slash at its end. */
  readonly mountPath: string;
}

/** The page of a folder: a list that needs no script, a form, and a script that uploads, pauses and goes on. */
export class FilesPage {
  readonly #files = new PageFiles("files");
  readonly #template: Template;

  constructor() {
    const { html } = this.#files;
    this.#template = loadTemplate("index.html", { read: () => html });
  }

  /** The script, the style or the icon; undefined for another path. */
  asset({ method, path, headers }: Pick<HttpRequest, "method" | "path" | "headers">): HttpAnswer | undefined {
    if (!path.startsWith(ASSETS_PATH) || path === ASSETS_PATH) return undefined;
    return this.#files.answer({ method, path: path.slice(ASSETS_PATH.length - 1), headers });
  }

  /** The page as an answer. */
  render({ path, entries, isComplete, order, rights, mountPath }: FilesPageInput): HttpResponse {
    const shown = [...entries].sort(comparison(order)).slice(0, MAX_SHOWN_ENTRIES);
    const isChanged = rights.has("read") || rights.has("delete");
    const body = this.#template.render({
      title: path,
      rights: [...rights].join(" "),
      mayCreate: rights.has("create"),
      parent: path !== "/",
      caption: captionOf(shown.length, entries.length, isComplete),
      isChanged,
      columns: COLUMNS.map(([by, heading]) => ({
        heading,
        isAscending: order.by === by && order.direction === "asc",
        isDescending: order.by === by && order.direction === "desc",
        href: `?sort=${by}&order=${order.by === by && order.direction === "asc" ? "desc" : "asc"}`,
      })),
      entries: shown.map(({ name, type, stat }) => {
        const slash = type === "directory" ? "/" : "";
        const time = timeOf(stat.mtimeNs);
        return {
          name,
          type: type === "directory" ? "folder" : "file",
          shown: name + slash,
          href: `./${encodeURIComponent(name)}${slash}`,
          size: type === "directory" ? "" : byteText(stat.size),
          time: time ?? "",
          timeText: time?.replace("T", " ").replace(/:\d\dZ$/, "") ?? "",
        };
      }),
    });
    // A template takes no value for the place of a script. In a value, the quotation mark would be escaped.
    const base = `"${escapedHtml(mountPath)}${ASSETS_PATH}`;
    return { headers: FIELDS, body: body.replaceAll(`"${ASSETS_PATH}`, base) };
  }
}

const FIELDS = [
  ...PAGE_FIELDS.map(
    ([name, value]) =>
      [name, name === "Content-Security-Policy" ? value + POLICY_ADDITIONS : value] as readonly [string, string],
  ),
  ["Vary", "Accept"] as const,
];
