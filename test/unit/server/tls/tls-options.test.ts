import { expect, test } from "vitest";
import { options } from "../../../../src/server/options/option-table.ts";
import { checkProtocols, MAX_CERTIFICATES, MAX_PINS, TLS_OPTIONS } from "../../../../src/server/tls/tls-options.ts";

const table = options(TLS_OPTIONS);
const PIN = `sha256:${"ab".repeat(32)}`;

function checked(given: object): Record<string, unknown> {
  return table.checkGiven("a test", given) as Record<string, unknown>;
}

test("MAX_CERTIFICATES: so many files, and no more", () => {
  const files = Array.from({ length: MAX_CERTIFICATES }, (_, index) => `${index}.pem`);
  expect(checked({ cert: files, key: files })).toEqual({ cert: files, key: files });
  for (const name of ["cert", "key"]) {
    expect(() => checked({ [name]: [...files, "more"] })).toThrow(`options.${name}' must have at most 256 files`);
    expect(() => checked({ [name]: [] })).toThrow(`options.${name}' must have at least one file`);
  }
});

test("MAX_PINS: so many fingerprints, and no more", () => {
  const pins = Array.from({ length: MAX_PINS }, () => PIN);
  expect(checked({ pin: pins })).toEqual({ pin: pins });
  expect(() => checked({ pin: [...pins, PIN] })).toThrow("must have at most 64 fingerprints");
  expect(() => checked({ pin: [] })).toThrow("must have at least one fingerprint");
});

test("MAX_PROTOCOL_BYTES, MAX_ALPN_BYTES: a name of 255 bytes, and a list of 65 535", () => {
  const name = "x".repeat(255);
  expect(checkProtocols("alpn", [name])).toEqual([name]);
  expect(() => checkProtocols("alpn", [`${name}x`])).toThrow("must have 1 to 255 bytes");
  expect(() => checkProtocols("alpn", ["ä".repeat(128)])).toThrow("must have 1 to 255 bytes");
  // Each name has a byte for its length.
  const full = [...Array.from({ length: 255 }, () => name), "x".repeat(254)];
  expect(checkProtocols("alpn", full)).toBe(full);
  expect(() => checkProtocols("alpn", [...full.slice(0, 255), name])).toThrow("must have at most 65535 bytes");
});

test("a single file and a single pin become lists, and a pin lower case", () => {
  expect(checked({ cert: "a", key: "b", pin: PIN.toUpperCase().replace("SHA", "sha") })).toEqual({
    cert: ["a"],
    key: ["b"],
    pin: [PIN],
  });
});

test.each(["", "sha256:", "sha256 Fingerprint="])(
  "a pin as openssl prints it, behind %j: the error has the value to write",
  (name) => {
    const pin = `${name}${"AB:".repeat(31)}AB`;
    expect(() => checked({ pin })).toThrow(`options.pin' must be written ${PIN}`);
  },
);

test("bytes are copied: the caller may change them before a reload", () => {
  const bytes = Buffer.from("a");
  const { ca } = checked({ ca: bytes });
  bytes.fill(0);
  expect(String(ca)).toBe("a");
});

test.for<[name: string, value: unknown]>([
  ["cert", ""],
  ["cert", [5]],
  ["ca", ["a"]],
  ["crl", 5],
  ["alpn", "http/1.1"],
  ["alpn", [5]],
  ["alpn", []],
  ["pin", "sha256:ab"],
  ["pin", [`sha1:${"ab".repeat(20)}`]],
  ["pin", `${PIN}0`],
  ["min", "1.1"],
  ["client", "yes"],
  ["servername", 5],
  ["servername", ""],
])("%s: %j is refused", ([name, value]) => {
  expect(() => checked({ [name]: value })).toThrow(`options.${name}`);
});
