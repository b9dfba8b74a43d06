import { expect, test } from "vitest";
import { readRevocationLists } from "../../../../src/server/tls/revocation-lists.ts";
import { certificates } from "../../../support/certificates.ts";

const files = certificates();

test("each list of a file is a text of its own", () => {
  const [first, second] = ["crl.pem", "intermediate-crl.pem"].map((name) => String(files.bytes(name)));
  expect(readRevocationLists(files.path("crls.pem"))).toEqual([first, second]);
});

test("a list that is cut, or broken, or behind a good one", () => {
  const [good, other] = [files.bytes("crl.pem"), files.bytes("other-crl.pem")];
  expect(() => readRevocationLists(Buffer.concat([good, other.subarray(0, 200)]))).toThrow(
    "crl: it has a list that is cut",
  );
  const broken = Buffer.from("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
  expect(() => readRevocationLists(Buffer.concat([good, broken]))).toThrow("crl: it has a broken list");
  expect(() => readRevocationLists(files.path("ca.pem"))).toThrow(
    "it has no list of revoked certificates, but: certificate",
  );
});
