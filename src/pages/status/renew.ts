/**
 * Changes an element to be like another one and leaves equal parts untouched, so that the focus, a selection and the scroll
 * positions stay. It matches children by their `data-key`. It does not change the content of an element with `data-keep`, which
 * belongs to a script.
 */
export function renew(element: Element, wanted: Element): void {
  renewAttributes(element, wanted);
  if (element.hasAttribute("data-keep")) return;
  const keys = new Set(Array.from(wanted.children, keyOf));
  if (keys.size > 1 || !keys.has(undefined)) for (const parent of [element, wanted]) dropSpace(parent);
  // Children that disappear are removed first, so that the others need not be moved: an element that is moved loses the focus.
  for (const child of Array.from(element.children)) if (!keys.has(keyOf(child))) child.remove();
  const keyed = new Map(Array.from(element.children, (child) => [keyOf(child), child]));
  let at: ChildNode | null = element.firstChild;
  for (const next of Array.from(wanted.childNodes)) {
    const known: ChildNode | null | undefined = keyOf(next) === undefined ? at : keyed.get(keyOf(next));
    if (known === null || known === undefined || !isSameKind(known, next)) {
      element.insertBefore(next, at);
      continue;
    }
    if (known === at) at = known.nextSibling;
    else element.insertBefore(known, at);
    if (known instanceof Element && next instanceof Element) renew(known, next);
    else if (known.nodeValue !== next.nodeValue) known.nodeValue = next.nodeValue;
  }
  while (at !== null) {
    const { nextSibling } = at;
    at.remove();
    at = nextSibling;
  }
}

/** Removes white space between children with keys, where it has no meaning. */
function dropSpace(element: Element): void {
  for (const child of Array.from(element.childNodes)) {
    if (child instanceof Text && child.data.trim() === "") child.remove();
  }
}

function renewAttributes(element: Element, wanted: Element): void {
  for (const { name } of Array.from(element.attributes)) {
    // A script has set aria-hidden.
    if (!wanted.hasAttribute(name) && name !== "aria-hidden") element.removeAttribute(name);
  }
  for (const { name, value } of Array.from(wanted.attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

function isSameKind(one: Node, other: Node): boolean {
  return one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
}

function keyOf(node: Node): string | undefined {
  return node instanceof HTMLElement ? node.dataset["key"] : undefined;
}
