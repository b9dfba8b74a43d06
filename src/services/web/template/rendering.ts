import { escapeHtml } from "./escape.ts";
import type { BlockNode, Node } from "./node.ts";
import { TemplateSizeError } from "./template-error.ts";
import type { TemplateLimits } from "./template-limits.ts";
import { encodeUrl, HARMLESS_URL, isHarmlessUrl } from "./url-value.ts";
import { isTrue, itemsOf, lookUp, type Scope, textOf, type Variables } from "./variables.ts";

/** A URL while it is assembled: as it is written, and as a browser reads it. */
interface Url {
  readonly isList: boolean;
  written: string;
  read: string;
}

/** The rendering of one page. */
export class Rendering {
  readonly #file: string;
  readonly #maxBytes: number;
  #iterationsLeft: number;
  #bytes = 0;
  #page = "";
  #url: Url | undefined;

  constructor(file: string, { maxRenderedBytes, maxIterations }: Required<TemplateLimits>) {
    this.#file = file;
    this.#maxBytes = maxRenderedBytes;
    this.#iterationsLeft = maxIterations;
  }

  /** @throws TemplateSizeError. */
  render(nodes: readonly Node[], variables: Variables): string {
    this.#addAll(nodes, { value: variables, index: undefined, outer: undefined });
    return this.#page;
  }

  #addAll(nodes: readonly Node[], scope: Scope): void {
    for (const node of nodes) this.#add(node, scope);
  }

  #add(node: Node, scope: Scope): void {
    switch (node.kind) {
      case "literal":
        this.#write(node.text, node.decoded);
        break;
      case "value":
        this.#addValue(textOf(lookUp(node.path, scope)), node);
        break;
      case "url":
        this.#addUrl(node, scope);
        break;
      case "if":
      case "each":
        this.#addBlock(node, scope);
    }
  }

  #addValue(text: string, { encoding }: Extract<Node, { kind: "value" }>): void {
    // A text that is too long is not escaped first.
    if (text.length > this.#maxBytes) throw new TemplateSizeError(this.#file, "maxRenderedBytes");
    const written = encoding === undefined ? text : encodeUrl(text, encoding.part, encoding.isList);
    this.#write(escapeHtml(written), text);
  }

  #addUrl({ isList, nodes }: Extract<Node, { kind: "url" }>, scope: Scope): void {
    const url: Url = { isList, written: "", read: "" };
    this.#url = url;
    this.#addAll(nodes, scope);
    this.#url = undefined;
    this.#page += isHarmlessUrl(url.read, isList) ? url.written : HARMLESS_URL;
  }

  #addBlock({ kind, path, then, otherwise }: BlockNode, scope: Scope): void {
    const value = lookUp(path, scope);
    if (kind === "if") {
      this.#addAll(isTrue(value) ? then : otherwise, scope);
      return;
    }
    let index = 0;
    for (const item of itemsOf(value)) {
      if (--this.#iterationsLeft < 0) throw new TemplateSizeError(this.#file, "maxIterations");
      this.#addAll(then, { value: item, index, outer: scope });
      index++;
    }
    if (index === 0) this.#addAll(otherwise, scope);
  }

  #write(text: string, read: string): void {
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > this.#maxBytes) throw new TemplateSizeError(this.#file, "maxRenderedBytes");
    if (this.#url === undefined) {
      this.#page += text;
      return;
    }
    this.#url.written += text;
    this.#url.read += read;
  }
}
