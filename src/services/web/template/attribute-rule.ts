/** The kinds of values that an attribute may take. */
export type AttributeRule =
  | { readonly kind: "text" }
  /** A URL, or a list of URLs. */
  | { readonly kind: "url"; readonly isList: boolean }
  | { readonly kind: "refused"; readonly reason: string };

/** HTML attributes whose value is text for the reader, a number, a name or a choice. */
const TEXT = words(`
  abbr accept accesskey align alt autocapitalize autocomplete bgcolor border cellpadding cellspacing checked class color
  cols colspan coords datetime dir dirname disabled download draggable enctype enterkeyhint for form formenctype formmethod
  formtarget headers height hidden high hreflang hspace id inputmode itemprop itemref kind label lang list loading low max
  maxlength media method min minlength multiple name nonce nowrap open optimum pattern placeholder popovertarget readonly rel
  required reversed role rows rowspan scope selected shape size sizes span spellcheck start step summary tabindex target
  title translate type valign value vspace width wrap
`);

const URLS = words(`
  action background cite classid codebase data dynsrc formaction href icon itemid itemtype longdesc lowsrc manifest poster
  profile src usemap xlink:href
`);
const URL_LISTS = words("imagesrcset ping srcset");

/** Elements whose resource runs in the page, or that change the meaning of all its URLs. */
const CODE_ELEMENTS = words("applet base bgsound embed frame object param portal script style");

/** Safe values of rel: the browser loads none of them as a style or a script. */
const HARMLESS_LINKS = words(
  "alternate author canonical help icon license next prev privacy-policy search terms-of-service",
);

/** The start tag of an attribute: its own attributes, decoded, with words for tags. */
export interface StartTag {
  readonly tagName: string;
  readonly attrs: readonly { readonly name: string; readonly value: string }[];
}

/** Decides which values the attributes of one element may take. It refuses what is not known to be safe, because HTML grows. */
export function attributeRules(element: StartTag): (name: string) => AttributeRule {
  const { tagName } = element;
  if (tagName === "meta") return metaRules(element);
  if (tagName === "link") return linkRules(element);
  if (!CODE_ELEMENTS.has(tagName)) return (name) => commonRule(tagName, name);
  return (name) =>
    name === "nonce" ? { kind: "text" } : refused(`<${tagName}> runs or loads code: it takes no value in "${name}"`);
}

function commonRule(tagName: string, name: string): AttributeRule {
  // The scripts of a page read a data- attribute according to the rest of its name.
  const meaning = name.replace(/^data-/, "");
  if (meaning.startsWith("on")) return refused(`"${name}" is a script`);
  if (meaning === "style") return refused(`"${name}" is a style sheet`);
  if (meaning === "srcdoc") return refused(`"${name}" is a page of its own`);
  if (URLS.has(meaning)) return { kind: "url", isList: false };
  if (URL_LISTS.has(meaning)) return { kind: "url", isList: true };
  const isText = TEXT.has(name) || /^(?:data|aria)-/.test(name);
  return isText ? { kind: "text" } : refused(`"${name}" of <${tagName}> is not known to be safe`);
}

function metaRules(element: StartTag): (name: string) => AttributeRule {
  const isHeader = attributeOf(element, "http-equiv") !== undefined;
  return (name) => {
    if (name !== "content") return refused(`<meta> takes a value in "content" alone`);
    return isHeader ? refused('"content" beside "http-equiv" is a header of the page') : { kind: "text" };
  };
}

function linkRules(element: StartTag): (name: string) => AttributeRule {
  const purposes = words(attributeOf(element, "rel")?.toLowerCase() ?? "");
  const isHarmless = [...purposes].every((purpose) => HARMLESS_LINKS.has(purpose));
  return (name) =>
    isHarmless
      ? commonRule(element.tagName, name)
      : refused(`<link> takes a value where its "rel" is one of ${[...HARMLESS_LINKS].join(", ")}`);
}

function attributeOf({ attrs }: StartTag, name: string): string | undefined {
  return attrs.find((attribute) => attribute.name === name)?.value;
}

function refused(reason: string): AttributeRule {
  return { kind: "refused", reason };
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
