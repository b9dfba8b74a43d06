const SPECIAL = /[&<>"'\0]/;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  // HTML, section 13.2.5.1: a parser drops NUL in text and replaces it in attributes.
  "\0": "\uFFFD",
};

/** Escapes a text for an element and for a quoted attribute alike. */
export function escapeHtml(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>"'\0]/g, (letter) => ESCAPES[letter] ?? "") : text;
}
