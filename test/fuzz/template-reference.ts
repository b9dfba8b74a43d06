// A renderer of templates that ignores HTML: it escapes every value and judges none.
import { escapeHtml } from "../../src/services/web/template/escape.ts";

export type Values = Readonly<Record<string, string | readonly string[]>>;

const TAG = /\{\{(!|#if|#each|else|\/if|\/each)?\s*(\w*)[^}]*\}\}/g;

/** A block without an end ends with the template. */
export function plainlyRendered(template: string, values: Values): string {
  const matches = [...template.matchAll(TAG)];
  let next = 0;
  let at = 0;

  // The text of a block is examined as often as it is rendered: from its first tag, and once more with nothing to show.
  function until(
    ends: readonly string[],
    scope: Values,
    isShown: boolean,
  ): { readonly text: string; readonly end: string } {
    let text = "";
    for (;;) {
      const match = matches[next];
      const between = template.slice(at, match?.index);
      if (isShown) text += between;
      if (match === undefined) {
        at = template.length;
        return { text, end: "" };
      }
      next++;
      at = match.index + match[0].length;
      const [, sign = "", name = ""] = match;
      if (ends.includes(sign)) return { text, end: sign };
      if (sign === "#if" || sign === "#each") text += block(sign, scope[name], scope, isShown);
      else if (sign === "" && isShown) text += escapeHtml(textOf(scope[name]));
    }
  }

  function block(sign: "#if" | "#each", value: Values[string] | undefined, scope: Values, isShown: boolean): string {
    const end = sign.replace("#", "/");
    const items = sign === "#if" ? (value ? [undefined] : []) : Array.isArray(value) ? value : [];
    const [startTag, startAt] = [next, at];
    let text = "";
    let ended = "";
    for (const item of items.length === 0 ? [undefined] : items) {
      [next, at] = [startTag, startAt];
      const inner = item === undefined ? scope : { ...scope, this: String(item) };
      const branch = until(["else", end], inner, isShown && items.length > 0);
      text += branch.text;
      ended = branch.end;
    }
    return ended === "else" ? text + until([end], scope, isShown && items.length === 0).text : text;
  }

  return until([], values, true).text;
}

function textOf(value: Values[string] | undefined): string {
  return typeof value === "string" ? value : "";
}
