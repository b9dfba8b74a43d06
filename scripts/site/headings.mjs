/**
 * The parts of markdown-it that are used here; the package has no types.
 *
 * @typedef {{ type: string, content: string, children: Token[] | null }} Token
 * @typedef {{ tokens: Token[], Token: new (type: string, tag: string, nesting: number) => Token }} State
 * @typedef {{ core: { ruler: { push(name: string, rule: (state: State) => void): void } } }} Parser
 */

/**
 * Keeps the code in headings. TypeDoc makes the entries of "On this page" and the anchors of headings from the tokens of type
 * `text` alone, and leaves out those of `code`. A token with children counts as the text of its children; the renderer of
 * markdown-it ignores them.
 *
 * @param {Parser} parser
 */
export function keepCodeInHeadings(parser) {
  parser.core.ruler.push("code_in_headings", ({ tokens, Token }) => {
    for (const [index, { type }] of tokens.entries()) {
      if (type !== "heading_open") continue;
      for (const code of tokens[index + 1]?.children?.filter((token) => token.type === "code_inline") ?? []) {
        const text = new Token("text", "", 0);
        text.content = code.content;
        code.children = [text];
      }
    }
  });
}
