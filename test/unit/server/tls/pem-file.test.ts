import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inputName, MAX_PEM_BYTES, readPem } from "../../../../src/server/tls/pem-file.ts";
import { TlsOptionError } from "../../../../src/server/tls/tls-error.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { openDescriptors } from "../../../support/open-descriptors.ts";

const PEM = "-----BEGIN THING-----\nAAAA\n-----END THING-----\n";
const THING = /^THING$/;

function read(input: string | Uint8Array): string {
  return readPem("ca", input, THING, "thing");
}

test("a file and its bytes are the same text, and nothing stays open", () => {
  const path = join(temporaryFolder(), "a.pem");
  writeFileSync(path, PEM);
  const before = openDescriptors();
  expect(read(path)).toBe(PEM);
  expect(read(Buffer.from(PEM))).toBe(PEM);
  expect(openDescriptors()).toBe(before);
});

test("each block has a line of its own: without a break between files, and behind byte order marks", () => {
  const mark = "\uFEFF";
  const given = [`${PEM.trimEnd()}${PEM}`, `${mark}${PEM}`, `${PEM}${mark}${PEM}`, `${PEM.trimEnd()}${mark}${PEM}`];
  expect(given.map((text) => read(Buffer.from(text)))).toEqual([PEM + PEM, PEM, PEM + PEM, PEM + PEM]);
});

test("inputName: the option, and the file where there is one", () => {
  expect([inputName("cert", "/a b"), inputName("cert", new Uint8Array(1))]).toEqual(['cert "/a b"', "cert"]);
});

test("MAX_PEM_BYTES: a file of so many bytes is read, and a longer one not", () => {
  const path = join(temporaryFolder(), "a.pem");
  writeFileSync(path, PEM);
  truncateSync(path, MAX_PEM_BYTES);
  expect(read(path)).toHaveLength(MAX_PEM_BYTES);
  truncateSync(path, MAX_PEM_BYTES + 1);
  expect(() => read(path)).toThrow(new TlsOptionError("ca", `ca "${path}": it has more than 16777216 bytes`));
});

test("a FIFO, a link to nothing and a link in a circle are refused at once", () => {
  const folder = temporaryFolder();
  const [fifo, nothing, circle] = ["fifo", "nothing", "circle"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  execFileSync("mkfifo", [fifo]);
  symlinkSync(join(folder, "missing"), nothing);
  symlinkSync(circle, circle);
  const before = openDescriptors();
  expect(() => read(fifo)).toThrow("it is no regular file");
  expect(() => read(nothing)).toThrow("there is no such file");
  expect(() => read(circle)).toThrow("ELOOP");
  expect(openDescriptors()).toBe(before);
});

test("a file that this user may not read", () => {
  const path = join(temporaryFolder(), "a.pem");
  writeFileSync(path, PEM);
  chmodSync(path, 0);
  // Root may read every file.
  if (process.getuid?.() === 0) expect(read(path)).toBe(PEM);
  else expect(() => read(path)).toThrow("this user may not read it");
});

test("the text of a file where its path is wanted: the error does not repeat it, since it may be a private key", () => {
  const error = new TlsOptionError("ca", "ca: a string is the path of a file: write Buffer.from(TEXT) for PEM text");
  expect(() => read(PEM)).toThrow(error);
  expect(() => read(`\n${PEM}`)).toThrow(error);
});

test.for<[what: string, text: string, message: string]>([
  ["nothing", "", "ca: it is no PEM file"],
  ["text", "hello", "ca: it is no PEM file"],
  ["DER", "0\x82\x01\x00", "ca: it is DER: convert it to PEM with openssl, -inform der"],
  ["other blocks", PEM.replaceAll("THING", "SOMETHING ELSE").repeat(2), "ca: it has no thing, but: something else"],
])("%s is refused", ([, text, message]) => {
  expect(() => read(Buffer.from(text, "latin1"))).toThrow(new TlsOptionError("ca", message));
});

test("one block of several is enough, also with CRLF and text between", () => {
  const text = `note\r\n${PEM.replaceAll("THING", "OTHER").replaceAll("\n", "\r\n")}more\r\n${PEM.replaceAll("\n", "\r\n")}`;
  expect(read(Buffer.from(text))).toBe(text);
});
