const SPECIAL = /[&<>"'\0]/;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  // HTML, section 13.2.5.1: a parser drops NUL here and replaces it there.
  "\0": "\uFFFD",
};

/** A text as it stands in an element and in an attribute between quotes, with the same letters for both. */
export function escapeHtml(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>"'\0]/g, (letter) => ESCAPES[letter] ?? "") : text;
}
