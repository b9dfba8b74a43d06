import { type Token, type TokenHandler, Tokenizer, TokenizerMode } from "parse5";
import { attributeRules } from "./attribute-rule.ts";
import type { Context, UrlAttribute, ValueAttribute } from "./context.ts";
import { endOfStaticElement, isStaticElement } from "./static-element.ts";
import { TemplateError, type TemplatePlace } from "./template-error.ts";
import type { PlacedTag, TemplateSource } from "./template-source.ts";
import { schemeOf } from "./url-value.ts";

/** HTML, section 13.2.6.4: the content of these elements is not HTML, in any context except a select. */
const TEXT_MODES = new Map<string, Tokenizer["state"]>([
  ...["title", "textarea"].map((name) => [name, TokenizerMode.RCDATA] as const),
  ...["iframe", "noembed", "noframes", "style", "xmp"].map((name) => [name, TokenizerMode.RAWTEXT] as const),
  ["script", TokenizerMode.SCRIPT_DATA],
]);
/** Obsolete elements whose effect on the rest of the page depends on the state of the parser. */
const REFUSED_ELEMENTS = new Set(["frameset", "plaintext"]);
/** In a select, older parsers ignore the tags of other elements, and newer ones do not. */
const SELECT_ELEMENTS = new Set(["hr", "optgroup", "option"]);
const NOWHERE = "within what is no text and no value in quotes";

/**
 * Finds the context of each tag of a template, or refuses the template.
 *
 * The context of a tag depends only on the state of the tokenizer (HTML, section 13.2.5): text, or a quoted value;
 * escaped values leave neither state. The tree matters only where an element has another grammar:
 * an element with raw text switches the tokenizer here as in a browser; in SVG, in MathML and
 * in a template it would not switch, so tags are forbidden there, and parse5's tree tells where they end; a select may contain only options.
 */
export function contextsOf(source: TemplateSource): Context[] {
  const finder = new ContextFinder(source);
  for (let start = 0; start < source.html.length; ) start = finder.run(start);
  return finder.finish();
}

class ContextFinder implements TokenHandler {
  readonly #source: TemplateSource;
  readonly #contexts: Context[] = [];
  /** The base of the offsets of tokens. */
  #base = 0;
  #tokenizer: Tokenizer;
  /** The element whose text is being read. */
  #open: { readonly name: string; readonly start: number } | undefined;
  #nextStart = 0;

  constructor(source: TemplateSource) {
    this.#source = source;
    this.#tokenizer = new Tokenizer({ sourceCodeLocationInfo: true }, this);
  }

  /** Continues to the end of the next static element, or of the template, and returns the offset. */
  run(start: number): number {
    const { html } = this.#source;
    this.#base = start;
    this.#nextStart = html.length;
    this.#tokenizer = new Tokenizer({ sourceCodeLocationInfo: true }, this);
    this.#tokenizer.write(html.slice(start), true);
    return this.#nextStart;
  }

  finish(): Context[] {
    const lost = this.#source.tags[this.#contexts.length];
    if (lost !== undefined) throw refusal(lost, NOWHERE);
    if (this.#open !== undefined) throw this.#error(this.#open.start, `<${this.#open.name}> has no end`);
    return this.#contexts;
  }

  onStartTag(token: Token.TagToken): void {
    const { tagName } = token;
    const start = this.#startOf(token);
    if (REFUSED_ELEMENTS.has(tagName)) throw this.#error(start, `a template has no <${tagName}>`);
    if (this.#open !== undefined && !SELECT_ELEMENTS.has(tagName)) {
      throw this.#error(start, `<select> has only <option>, <optgroup> and <hr> in it, and no <${tagName}>`);
    }
    if (isStaticElement(tagName)) {
      this.#skipElement(token, start);
      return;
    }
    this.#takeAttributes(token);
    const mode = TEXT_MODES.get(tagName);
    if (mode !== undefined) this.#tokenizer.state = mode;
    if (mode !== undefined || tagName === "select") this.#open = { name: tagName, start };
  }

  onEndTag(token: Token.TagToken): void {
    const { tagName } = token;
    this.#refuseTags(tagName, "in the name of an end tag");
    for (const { name, value } of token.attrs) this.#refuseTags(name + value, "in an end tag");
    if (tagName === this.#open?.name) this.#open = undefined;
    else if (this.#open !== undefined && !SELECT_ELEMENTS.has(tagName)) {
      throw this.#error(this.#startOf(token), `</${tagName}> is within <${this.#open.name}>`);
    }
  }

  onCharacter({ chars, location }: Token.CharacterToken): void {
    for (const index of this.#source.tagsIn(chars)) {
      const tag = this.#next(index);
      checkPlace([tag], this.#base + (location?.startOffset ?? 0), this.#base + (location?.endOffset ?? 0));
      this.#takeText(tag);
    }
  }

  onWhitespaceCharacter(): void {}

  onNullCharacter(): void {}

  onComment(token: Token.CommentToken): void {
    this.#refuseTags(token.data, "within a comment of HTML; {{! }} is one of the template");
    if (token.data.startsWith("[CDATA[")) throw this.#error(this.#startOf(token), "a template has no CDATA section");
  }

  onDoctype(): void {}

  onEof(): void {}

  #takeText(tag: PlacedTag): void {
    const name = this.#open?.name;
    const mode = name === undefined ? undefined : TEXT_MODES.get(name);
    if (mode !== undefined && mode !== TokenizerMode.RCDATA)
      throw refusal(tag, `within <${name}>, which holds no HTML`);
    const before = this.#textBefore(tag);
    // With an empty value, the attribute would take what follows the tag as its value.
    if (/<\/?[a-z]*$/i.test(before)) throw refusal(tag, "behind a <; write &lt;");
    this.#push(tag, { kind: "text", element: this.#open?.start });
  }

  #takeAttributes(token: Token.TagToken): void {
    const { tagName, attrs, location } = token;
    this.#refuseTags(tagName, "in the name of an element");
    const ruleFor = attributeRules(token);
    for (const { name, value } of attrs) {
      this.#refuseTags(name, "among attributes or in the name of one; a value stands in quotes");
      const [first, ...further] = this.#source.tagsIn(value).map((index, at) => this.#next(index, at));
      if (first === undefined) continue;
      const rule = ruleFor(name);
      if (rule.kind === "refused") throw refusal(first, `where no value is safe: ${rule.reason}`);
      const [start, end] = this.#insideQuotes(name, location?.attrs?.[name], first);
      checkPlace([first, ...further], start, end);
      const url = rule.kind === "url" ? this.#urlAttribute(name, value, rule.isList, first) : undefined;
      const attribute: ValueAttribute = { start, end, url };
      for (const tag of [first, ...further]) {
        if (tag.tag.kind === "include" || tag.tag.kind === "included")
          throw refusal(tag, "within an attribute, and not between elements");
        this.#push(tag, { kind: "attribute", attribute });
      }
    }
  }

  /** The bounds of an attribute's value. */
  #insideQuotes(name: string, location: Token.Location | undefined, tag: PlacedTag): readonly [number, number] {
    const { html } = this.#source;
    const [from, to] = [this.#base + (location?.startOffset ?? 0), this.#base + (location?.endOffset ?? 0)];
    // HTML, section 13.2.5.32: the name may begin with "=".
    const [head] = /^.[^\t\n\f />=]*[\t\n\f ]*=[\t\n\f ]*["']/s.exec(html.slice(from, to)) ?? [];
    if (head === undefined) throw refusal(tag, `in "${name}", whose value is in no quotes`);
    return [from + head.length, to - 1];
  }

  #urlAttribute(name: string, value: string, isList: boolean, tag: PlacedTag): UrlAttribute {
    const decoded = this.#source.withoutTags(value);
    const scheme = schemeOf(decoded[0] ?? "");
    if (scheme === "refused") throw refusal(tag, `in "${name}" behind a scheme that takes no values`);
    return { isList, isSchemeFixed: scheme === "fixed" && !isList, decoded };
  }

  #skipElement(token: Token.TagToken, start: number): void {
    const { tagName, selfClosing } = token;
    const isEmpty = selfClosing && (tagName === "svg" || tagName === "math");
    const end = isEmpty
      ? this.#base + (token.location?.endOffset ?? 0)
      : endOfStaticElement(this.#source.html, start, tagName);
    if (end === undefined) throw this.#error(start, `<${tagName}> has no end tag that surely ends it`);
    const element = this.#source.html.slice(start, end);
    if (/<frameset/i.test(element)) throw this.#error(start, `<${tagName}> has no <frameset> in it`);
    this.#refuseTags(element, `within <${tagName}>, which takes none`);
    this.#nextStart = end;
    this.#tokenizer.pause();
  }

  /** The text between the last tag and this one. */
  #textBefore(tag: PlacedTag): string {
    const previous = this.#source.tags[this.#contexts.length - 1];
    return this.#source.html.slice(previous?.end ?? 0, tag.start);
  }

  /** The tags must appear in order, each once; a repeated attribute, which the parser drops, fails this check. */
  #next(index: number, ahead = 0): PlacedTag {
    const due = this.#source.tags[this.#contexts.length + ahead];
    if (due !== undefined && index === this.#contexts.length + ahead) return due;
    throw refusal(due ?? this.#source.placeOf(this.#source.html.length), NOWHERE);
  }

  #push(tag: PlacedTag, context: Context): void {
    // HTML, section 13.2.5.72: the value, or what follows the tag, would become part of the reference.
    if (/&#?\w*$/.test(this.#textBefore(tag))) throw refusal(tag, "behind an &; write &amp;");
    this.#contexts.push(context);
  }

  #refuseTags(text: string, where: string): void {
    const [index] = this.#source.tagsIn(text);
    if (index !== undefined) throw refusal(this.#next(index), where);
  }

  #startOf(token: Token.TagToken | Token.CommentToken): number {
    return this.#base + (token.location?.startOffset ?? 0);
  }

  #error(offset: number, reason: string): TemplateError {
    return new TemplateError(this.#source.placeOf(offset), reason);
  }
}

/** The word for a tag, written with character references, appears where no tag is. */
function checkPlace(tags: readonly PlacedTag[], start: number, end: number): void {
  const other = tags.find((tag) => tag.start < start || tag.end > end);
  if (other !== undefined) throw refusal(other, NOWHERE);
}

function refusal(place: TemplatePlace | PlacedTag, where: string): TemplateError {
  const kind = "tag" in place ? place.tag.kind : undefined;
  const what =
    kind === "include" ? "a file is included" : kind === "included" ? "an included file ends" : "a tag stands";
  return new TemplateError(place, `${what} ${where}`);
}
