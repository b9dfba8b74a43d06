import { createHash } from "node:crypto";

/**
 * Names and dates wrap on a phone. The table keeps its `display`: with another one, screen readers would not see a table. The
 * style names the browser's own background, because programs that check contrast assume white for a page that names none.
 */
export const LISTING_STYLE = `
:root { color-scheme: light dark; --line: #d0d7de; --dim: #57606a; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --line: #373e47; --dim: #9aa5b1; --link: #6cb6ff; } }
html { background: Canvas; color: CanvasText; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
a { color: var(--link); }
table { width: 100%; border-collapse: collapse; }
caption { text-align: start; color: var(--dim); padding-block: .5rem; }
th, td { text-align: start; font-weight: normal; padding: .5rem; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; }
th[aria-sort=ascending] a::after { content: " \\2191"; }
th[aria-sort=descending] a::after { content: " \\2193"; }
tbody th { overflow-wrap: anywhere; }
tbody th a { display: block; }
td { color: var(--dim); white-space: nowrap; font-variant-numeric: tabular-nums; }
bdi { white-space: pre-wrap; }
@media (max-width: 40rem) {
  th, td { padding-inline: .25rem; }
  td { white-space: normal; font-size: .875rem; }
}
`;

/** The value of Content-Security-Policy for a listing: the page loads, runs and sends nothing but this style, and no page frames it. */
export const LISTING_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(LISTING_STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
