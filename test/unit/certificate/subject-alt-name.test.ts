// Which names a certificate can have.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CertificateError } from "../../../src/certificate/certificate-error.ts";
import { derElements } from "../../../src/certificate/der-elements.ts";
import {
  MAX_CERTIFICATE_NAMES,
  MAX_HOST_NAME_LENGTH,
  parseSubjectAltNames,
  subjectAltNameValue,
} from "../../../src/certificate/subject-alt-name.ts";

function parsed(...texts: readonly string[]): string[] {
  return parseSubjectAltNames(texts).map(({ kind, text }) => `${kind} ${text}`);
}

test.for([
  ["localhost", "dns localhost"],
  ["Example.ORG", "dns example.org"],
  ["*.example.org", "dns *.example.org"],
  ["a-1.b", "dns a-1.b"],
  ["1a.example", "dns 1a.example"],
  [`${"a".repeat(63)}.org`, `dns ${"a".repeat(63)}.org`],
  ["bücher.example", "dns xn--bcher-kva.example"],
  ["BÜCHER.example", "dns xn--bcher-kva.example"],
  ["*.日本.jp", "dns *.xn--wgv71a.jp"],
  ["xn--bcher-kva.example", "dns xn--bcher-kva.example"],
  ["faß.de", "dns xn--fa-hia.de"],
  ["127.0.0.1", "ip 127.0.0.1"],
  ["::1", "ip ::1"],
  ["2001:DB8:0:0:0:0:0:1", "ip 2001:db8::1"],
  ["::ffff:192.0.2.1", "ip ::ffff:192.0.2.1"],
])("%s is %s", ([text = "", name]) => {
  expect(parsed(text)).toEqual([name]);
});

describe("no names", () => {
  const rule = "a host name is made of letters, digits and inner hyphens";
  test.for([
    ["", "it is empty"],
    ["../x", rule],
    ["/etc/passwd", rule],
    ["a\0b", rule],
    ["ä\0b", rule],
    ["a b", rule],
    [" a", rule],
    ["a\nb", rule],
    ["a_b", rule],
    ["a@b.org", rule],
    ["-a", rule],
    ["a-", rule],
    ["a.-b", rule],
    ["a..b", rule],
    [".a", rule],
    [`${"a".repeat(64)}.org`, rule],
    ["a%62", rule],
    ["ä%2fb", rule],
    ["ä/b", rule],
    ["a".repeat(300), "it has more than 253 characters"],
    [`${"a.".repeat(126)}aa`, "it has more than 253 characters"],
    [`*.${"a.".repeat(125)}aa`, "it has more than 253 characters"],
    ["ä".repeat(300), rule],
    ["example.org.", "leave out the dot at its end"],
    ["*", "a wildcard is the whole first label"],
    ["*.", "a wildcard is the whole first label"],
    ["*.*.x", "a wildcard is the whole first label"],
    ["a*.example.org", "a wildcard is the whole first label"],
    ["a.*.org", "a wildcard is the whole first label"],
    ["*.org", "above two labels or more"],
    ["*.127.0.0.1", "it is no IPv4 address"],
    ["*.::1", "a wildcard is the whole first label"],
    ["1.2.3.256", "it is no IPv4 address"],
    ["127.1", "it is no IPv4 address"],
    ["0x7f000001", "it is no IPv4 address"],
    ["127.0.0.01", "it is no IPv4 address"],
    ["１２７．０．０．１", "it is no IPv4 address"],
    ["1:2", "without a port"],
    ["localhost:8080", "without a port"],
    ["https://example.org", "without a scheme"],
    ["[::1]", "write ::1, without brackets"],
    ["fe80::1%lo", "no zone"],
    ["10.0.0.0/8", rule],
    ["xn--a", "no valid internationalized name"],
    ["ａ／ｂ.org", "no valid internationalized name"],
    ["a\u202eb.org", "no valid internationalized name"],
    ["\ud800.org", "no valid internationalized name"],
  ])("%j", ([text = "", reason = ""]) => {
    expect(() => parsed("localhost", text)).toThrow(CertificateError);
    expect(() => parsed("localhost", text)).toThrow(reason);
  });

  test("the error shows the beginning of a long name", () => {
    expect(() => parsed("a".repeat(100_000))).toThrow(/^"a{64}…" is no name for a certificate: it has more than 253/);
  });
});

test(`a name has ${MAX_HOST_NAME_LENGTH} characters at most`, () => {
  const longest = `${"a.".repeat(125)}aaa`;
  expect(longest).toHaveLength(MAX_HOST_NAME_LENGTH);
  expect(parsed(longest)).toEqual([`dns ${longest}`]);
});

test(`a certificate has ${MAX_CERTIFICATE_NAMES} names at most, and at least one`, () => {
  const many = Array.from({ length: MAX_CERTIFICATE_NAMES }, (_, index) => `host-${index}`);
  expect(parsed(...many)).toHaveLength(MAX_CERTIFICATE_NAMES);
  expect(() => parsed(...many, "one-more")).toThrow("at most 100 names, and these are 101");
  expect(() => parsed()).toThrow("a certificate needs a name");
});

test("a name that is given twice counts once, whatever its form", () => {
  expect(parsed("a", "A", "::1", "0:0::1", "bücher.example", "xn--bcher-kva.example")).toEqual([
    "dns a",
    "ip ::1",
    "dns xn--bcher-kva.example",
  ]);
});

test("any text is refused with one error, or is a name that is parsed to itself", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.domain(),
    fc.ipV6(),
    fc.ipV4(),
    fc
      .array(fc.constantFrom("a", "-", ".", "*", ":", "1", "ü", "xn--", "%", "/", "\0"), { maxLength: 8 })
      .map((all) => all.join("")),
  );
  fc.assert(
    fc.property(text, (each) => {
      try {
        const [name] = parseSubjectAltNames([each]);
        expect(name?.text).toMatch(/^(?:(?:\*\.)?[a-z\d](?:[a-z\d.-]*[a-z\d])?|[\da-f:.]+)$/);
        expect(parseSubjectAltNames([name?.text ?? ""])).toEqual([name]);
      } catch (error) {
        expect(error).toBeInstanceOf(CertificateError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("the value of the extension: dNSName and iPAddress", () => {
  const [list] = derElements(subjectAltNameValue(parseSubjectAltNames(["a.b", "127.0.0.1", "::1"])));
  expect(derElements(list?.content ?? Buffer.alloc(0)).map(({ whole }) => whole.toString("hex"))).toEqual([
    "8203612e62",
    "87047f000001",
    `8710${"00".repeat(15)}01`,
  ]);
});
