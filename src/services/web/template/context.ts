/** Where a tag stands. Tags of one block have to stand in the same place, and so its text cannot end what it began in. */
export type Context =
  /** Between elements, or in the text of the element that begins there: a title, a textarea, a select. */
  | { readonly kind: "text"; readonly element: number | undefined }
  | { readonly kind: "attribute"; readonly attribute: ValueAttribute };

/** An attribute with tags in its value. */
export interface ValueAttribute {
  /** Where its value begins and ends, without the quotes. */
  readonly start: number;
  readonly end: number;
  readonly url: UrlAttribute | undefined;
}

export interface UrlAttribute {
  readonly isList: boolean;
  /** Whether no value can change what is before the colon. */
  readonly isSchemeFixed: boolean;
  /** The text before, between and behind the tags, as a parser decodes it. */
  readonly decoded: readonly string[];
}

export function isSameContext(one: Context, other: Context): boolean {
  if (one.kind === "text") return other.kind === "text" && one.element === other.element;
  return other.kind === "attribute" && one.attribute === other.attribute;
}
