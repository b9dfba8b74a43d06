import { Slugger } from "typedoc";

/** Gives the headings of a page the anchors that GitHub gives them. TypeDoc's own may give two headings the same. */
export class GitHubSlugger extends Slugger {
  #taken = new Set();

  /**
   * @override
   * @param {string} heading
   */
  slug(heading) {
    const words = heading.trim().toLowerCase();
    const slug = words.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-") || "_";
    let anchor = slug;
    for (let count = 1; this.#taken.has(anchor); count++) anchor = `${slug}-${count}`;
    this.#taken.add(anchor);
    return anchor;
  }

  /**
   * @override
   * @param {string} anchor
   */
  hasAnchor(anchor) {
    return this.#taken.has(anchor);
  }
}
