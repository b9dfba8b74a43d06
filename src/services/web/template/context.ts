/** The context of a tag. The tags of one block must be in the same context, so that its text cannot end what was open at its start. */
export type Context =
  /** Between elements, or in the text of a title, a textarea or a select. */
  | { readonly kind: "text"; readonly element: number | undefined }
  | { readonly kind: "attribute"; readonly attribute: ValueAttribute };

/** An attribute whose value contains tags. */
export interface ValueAttribute {
  /** The bounds of its value, without the quotes. */
  readonly start: number;
  readonly end: number;
  readonly url: UrlAttribute | undefined;
}

export interface UrlAttribute {
  readonly isList: boolean;
  /** Whether no value can change the part before the colon. */
  readonly isSchemeFixed: boolean;
  /** The text before, between and after the tags, as a parser decodes it. */
  readonly decoded: readonly string[];
}

export function isSameContext(one: Context, other: Context): boolean {
  if (one.kind === "text") return other.kind === "text" && one.element === other.element;
  return other.kind === "attribute" && one.attribute === other.attribute;
}
