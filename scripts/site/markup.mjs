/**
 * Adjusts the HTML of a page, so that it works without a server: a link to a folder leads to the page in it, and the icons are those of
 * icons.js, because a browser does not let a file use those of icons.svg. Tables scroll by themselves on a narrow screen.
 *
 * @param {string} html
 */
export function adapted(html) {
  return html
    .replaceAll(/(<use href=")[^"#]*icons\.svg#/g, "$1#")
    .replaceAll(/(<a [^>]*href="(?:\.\.?\/)+)(["#])/g, "$1index.html$2")
    .replaceAll("<table>", '<div class="table" role="region" aria-label="Table" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
}
