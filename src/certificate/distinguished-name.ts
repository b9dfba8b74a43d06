import { objectIdentifier, sequence, setOf, utf8String } from "./der.ts";

/** How long a common name or an organization is at most, in characters: RFC 5280, appendix A.1, ub-common-name. */
export const MAX_NAME_ATTRIBUTE_LENGTH = 64;

/** The parts of the name of a subject or an issuer. */
export interface DistinguishedName {
  readonly organization: string;
  readonly commonName?: string | undefined;
}

/** Returns a name in DER; an attribute is cut after {@link MAX_NAME_ATTRIBUTE_LENGTH} characters. RFC 5280, section 4.1.2.4. */
export function distinguishedName({ organization, commonName }: DistinguishedName): Buffer {
  return sequence(
    attribute("2.5.4.10", organization),
    ...(commonName === undefined ? [] : [attribute("2.5.4.3", commonName)]),
  );
}

function attribute(type: string, text: string): Buffer {
  const cut = Array.from(text).slice(0, MAX_NAME_ATTRIBUTE_LENGTH).join("");
  return setOf(sequence(objectIdentifier(type), utf8String(cut)));
}
