/**
 * Adjusts the HTML of a page. It states the language of its text. It works without a server: a link to a folder leads to the page in
 * it, and the icons are those of icons.js, because a browser does not let a file use those of icons.svg. Tables scroll by
 * themselves on a narrow screen.
 *
 * @param {string} html
 * @param {"en" | "zh-CN"} language
 */
export function adapted(html, language) {
  return html
    .replace(/(<html [^>]*lang=")en"/, `$1${language}"`)
    .replaceAll(/(<use href=")[^"#]*icons\.svg#/g, "$1#")
    .replaceAll(/(<a [^>]*href="(?:\.\.?\/)+)(["#])/g, "$1index.html$2")
    .replaceAll("<table>", '<div class="table" role="region" aria-label="Table" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
}
