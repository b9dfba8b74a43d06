import type { Path } from "./tag.ts";
import type { UrlPart } from "./url-value.ts";

/** A template that is ready to be rendered. */
export type Node =
  | LiteralNode
  | { readonly kind: "value"; readonly path: Path; readonly encoding: UrlEncoding | undefined }
  | BlockNode
  | { readonly kind: "url"; readonly isList: boolean; readonly nodes: readonly Node[] };

/** How a value is escaped for its position in a URL. */
export interface UrlEncoding {
  readonly part: UrlPart;
  readonly isList: boolean;
}

interface LiteralNode {
  readonly kind: "literal";
  readonly text: string;
  /** In a URL, the text as a parser decodes it. */
  readonly decoded: string;
}

export interface BlockNode {
  readonly kind: "if" | "each";
  readonly path: Path;
  readonly then: readonly Node[];
  readonly otherwise: readonly Node[];
}
