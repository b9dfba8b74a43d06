// Parses a page of the project into tags and texts. The parser is strict: anything that a browser would have to guess is an error.

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The decoded text of the element and its children. */
  text: string;
  readonly children: Element[];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const TOKEN = /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)>|([^<>]+)/y;
const VOID = ["meta"];

/** The root element of a page. */
export function parsePage(html: string): Element {
  if (!html.startsWith("<!DOCTYPE html>\n")) throw new Error("no doctype");
  const top: Element = { tag: "", attributes: {}, text: "", children: [] };
  const open = [top];
  TOKEN.lastIndex = "<!DOCTYPE html>\n".length;
  while (TOKEN.lastIndex < html.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(html);
    const current = open.at(-1);
    if (found === null || current === undefined) throw new Error(`no HTML: ${html.slice(at, at + 40)}`);
    const [, slash, tag = "", attributes = "", text] = found;
    if (text !== undefined) {
      for (const element of open) element.text += current.tag === "style" ? text : decoded(text);
    } else if (slash === "/") {
      if (open.pop()?.tag !== tag) throw new Error(`</${tag}> ends nothing`);
    } else {
      const element: Element = { tag, attributes: attributesOf(attributes), text: "", children: [] };
      current.children.push(element);
      if (!VOID.includes(tag)) open.push(element);
    }
  }
  const [root] = top.children;
  if (open.length !== 1 || root === undefined || top.children.length !== 1) throw new Error("no single root");
  return root;
}

/** All elements with a tag name, in document order. */
export function elementsOf(root: Element, tag: string): Element[] {
  const below = root.children.flatMap((child) => elementsOf(child, tag));
  return root.tag === tag ? [root, ...below] : below;
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/ ([a-z-]+)="([^"]*)"/g)].map(([, name, value = ""]) => [name, decoded(value)]),
  );
}

function decoded(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name) => {
    const letter = ENTITIES[name];
    if (letter === undefined || !whole.endsWith(";")) throw new Error(`no entity: ${whole}`);
    return letter;
  });
}
