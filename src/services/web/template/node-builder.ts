import { type Context, isSameContext, type UrlAttribute, type ValueAttribute } from "./context.ts";
import type { Node, UrlEncoding } from "./node.ts";
import type { BlockKind, Path } from "./tag.ts";
import { TemplateError } from "./template-error.ts";
import { MAX_BLOCK_DEPTH } from "./template-limits.ts";
import type { PlacedTag, TemplateSource } from "./template-source.ts";
import type { UrlPart } from "./url-value.ts";

/** The open blocks and includes. */
interface Open {
  readonly tag: PlacedTag;
  readonly context: Context;
  readonly block: { readonly kind: BlockKind; readonly path: Path } | undefined;
  readonly outer: Node[];
  readonly then: Node[];
  otherwise: Node[] | undefined;
  /** The escaping of a value at the beginning of the block, and at the end of its first branch. */
  readonly partAtStart: UrlPart;
  partAfterThen: UrlPart;
}

/** The URL attribute that contains the value. */
interface OpenUrl {
  readonly attribute: ValueAttribute;
  readonly url: UrlAttribute;
  readonly outer: Node[];
  readonly nodes: Node[];
  pieces: number;
}

/** Makes the nodes of a template from its tags and their contexts. */
export function nodesOf(source: TemplateSource, contexts: readonly Context[]): readonly Node[] {
  const builder = new NodeBuilder(source);
  for (const [index, tag] of source.tags.entries()) {
    const context = contexts[index];
    if (context !== undefined) builder.add(tag, context);
  }
  return builder.finish();
}

class NodeBuilder {
  readonly #source: TemplateSource;
  readonly #open: Open[] = [];
  #nodes: Node[] = [];
  #url: OpenUrl | undefined;
  /** The escaping of the next value of a URL. */
  #part: UrlPart = "url";
  #at = 0;

  constructor(source: TemplateSource) {
    this.#source = source;
  }

  add(placed: PlacedTag, context: Context): void {
    this.#addTextBefore(placed, context);
    const { tag } = placed;
    switch (tag.kind) {
      case "value":
        this.#nodes.push({ kind: "value", path: tag.path, encoding: this.#encoding() });
        this.#pass("path");
        break;
      case "begin":
        this.#begin(placed, context, { kind: tag.block, path: tag.path });
        break;
      case "include":
        this.#begin(placed, context, undefined);
        break;
      case "else":
        this.#else(placed, context);
        break;
      case "end":
        this.#end(placed, context, tag.block);
        break;
      case "included":
        this.#end(placed, context, undefined);
    }
    this.#at = placed.end;
  }

  finish(): readonly Node[] {
    this.#closeUrl();
    this.#addLiteral(this.#source.html.slice(this.#at));
    const open = this.#open.at(-1);
    if (open?.block !== undefined)
      throw new TemplateError(open.tag, `{{#${open.block.kind}}} has no {{/${open.block.kind}}}`);
    return this.#nodes;
  }

  #encoding(): UrlEncoding | undefined {
    return this.#url === undefined ? undefined : { part: this.#part, isList: this.#url.url.isList };
  }

  #addTextBefore(tag: PlacedTag, context: Context): void {
    const attribute =
      context.kind === "attribute" && context.attribute.url !== undefined ? context.attribute : undefined;
    if (this.#url?.attribute !== attribute) {
      this.#closeUrl();
      this.#openUrl(attribute);
    }
    this.#addPiece(tag.start);
  }

  #openUrl(attribute: ValueAttribute | undefined): void {
    if (attribute?.url === undefined) return;
    this.#addLiteral(this.#source.html.slice(this.#at, attribute.start));
    this.#at = attribute.start;
    this.#part = "url";
    this.#url = { attribute, url: attribute.url, outer: this.#nodes, nodes: [], pieces: 0 };
    this.#nodes = this.#url.nodes;
  }

  #closeUrl(): void {
    if (this.#url === undefined) return;
    const { attribute, url, outer, nodes } = this.#url;
    if (this.#nodes !== nodes) return;
    this.#addPiece(attribute.end);
    this.#at = attribute.end;
    this.#nodes = outer;
    // With a fixed scheme there is nothing to decide.
    if (url.isSchemeFixed) outer.push(...nodes);
    else outer.push({ kind: "url", isList: url.isList, nodes });
    this.#url = undefined;
    this.#part = "url";
  }

  /** The text up to the next tag, or to the end of a URL. */
  #addPiece(end: number): void {
    const text = this.#source.html.slice(this.#at, end);
    if (this.#url === undefined) {
      this.#addLiteral(text);
      return;
    }
    const decoded = this.#url.url.decoded[this.#url.pieces++] ?? "";
    this.#addLiteral(text, decoded);
    const [one = "", ...further] = this.#url.url.isList ? decoded.split(/[\s,]+/) : [decoded];
    if (further.length > 0) this.#part = "url";
    const last = further.at(-1) ?? one;
    if (/[?#]/.test(last)) this.#pass("component");
    else if (last.trim() !== "") this.#pass("path");
  }

  #addLiteral(text: string, decoded = ""): void {
    if (text !== "") this.#nodes.push({ kind: "literal", text, decoded });
  }

  /** Values after this one, or after this text, are at least this deep in the URL. */
  #pass(part: UrlPart): void {
    this.#part = deeper(this.#part, part);
  }

  #begin(tag: PlacedTag, context: Context, block: Open["block"]): void {
    if (this.#open.filter((open) => open.block !== undefined).length >= MAX_BLOCK_DEPTH && block !== undefined) {
      throw new TemplateError(tag, `blocks are in each other more than ${MAX_BLOCK_DEPTH} deep`);
    }
    const then: Node[] = block === undefined ? this.#nodes : [];
    const parts = { partAtStart: this.#part, partAfterThen: this.#part };
    this.#open.push({ tag, context, block, outer: this.#nodes, then, otherwise: undefined, ...parts });
    this.#nodes = then;
  }

  #else(tag: PlacedTag, context: Context): void {
    const open = this.#open.at(-1);
    if (open?.block === undefined || open.otherwise !== undefined) {
      throw new TemplateError(tag, "{{else}} stands in no block, or a second time in one");
    }
    checkContext(open, tag, context);
    open.partAfterThen = this.#part;
    this.#part = open.partAtStart;
    open.otherwise = [];
    this.#nodes = open.otherwise;
  }

  #end(tag: PlacedTag, context: Context, block: BlockKind | undefined): void {
    const open = this.#open.at(-1);
    if (open === undefined || open.block?.kind !== block) {
      const begun = open?.block === undefined ? "no block" : `{{#${open.block.kind}}} of line ${open.tag.line}`;
      const place = block === undefined && open !== undefined ? open.tag : tag;
      throw new TemplateError(
        place,
        block === undefined ? `${begun} has no end in its file` : `{{/${block}}} ends ${begun}`,
      );
    }
    this.#open.pop();
    checkContext(open, tag, context);
    this.#part = deeper(this.#part, open.partAfterThen);
    this.#nodes = open.outer;
    const { then, otherwise = [] } = open;
    if (open.block !== undefined) this.#nodes.push({ ...open.block, then, otherwise });
  }
}

/** A block must end in the context in which it began, so that it can be left out and repeated. */
function checkContext({ tag, context, block }: Open, end: PlacedTag, other: Context): void {
  if (isSameContext(context, other)) return;
  const begun = block === undefined ? "an included file" : `{{#${block.kind}}} of line ${tag.line}`;
  throw new TemplateError(end, `${begun} ends in another text or attribute than it began in`);
}

function deeper(one: UrlPart, other: UrlPart): UrlPart {
  if (one === "component" || other === "component") return "component";
  return one === "path" || other === "path" ? "path" : "url";
}
