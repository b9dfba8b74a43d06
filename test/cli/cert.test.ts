// `sockwright cert`: its files, its output, and what it refuses.
import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { authorityPem, newAuthority } from "../../src/certificate/authority.ts";
import { MAX_FILE_NAME_LENGTH } from "../../src/cli/cert.ts";
import { MAX_CA_WAIT_MS } from "../../src/cli/cert-folder.ts";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { type Outcome, runHere } from "./in-process.ts";
import { freeFolder, program } from "./sockwright.ts";

const DAY_MS = 86_400_000;

/** Runs the command for the files of a folder. */
function cert(folder: string, ...args: readonly string[]): Promise<Outcome> {
  return runHere(["cert", "--out", folder, ...args]);
}

/** Every file of a folder, with its text. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

function certificateIn(folder: string, name: string): X509Certificate {
  return new X509Certificate(readFileSync(join(folder, name)));
}

function modesIn(folder: string): string[] {
  const modeOf = (name: string): string => (statSync(join(folder, name)).mode & 0o7777).toString(8);
  return readdirSync(folder)
    .sort()
    .map((name) => `${name} ${modeOf(name)}`);
}

async function expectRefused(running: Promise<Outcome>, said: string): Promise<void> {
  const { stderr, ...ended } = await running;
  expect(ended).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^sockwright: [^\n]+\n$/);
  expect(stderr).toContain(said);
}

describe("files", () => {
  test("the first certificate of a folder brings its CA, the next one uses it", async () => {
    const folder = join(freeFolder(), "new/certs");
    expect(await cert(folder, "localhost", "127.0.0.1", "::1")).toMatchObject({ code: 0, stderr: "" });
    expect(modesIn(folder)).toEqual(["ca.key 600", "ca.pem 644", "localhost.key 600", "localhost.pem 644"]);
    const before = contents(folder);
    expect(await cert(folder, "*.example.org")).toMatchObject({ code: 0, stderr: "" });
    expect(contents(folder)).toMatchObject(before);
    const ca = certificateIn(folder, "ca.pem");
    for (const name of ["localhost", "_wildcard.example.org"]) {
      const certificate = certificateIn(folder, `${name}.pem`);
      expect(certificate.checkIssued(ca)).toBe(true);
      expect(certificate.verify(ca.publicKey)).toBe(true);
      expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(folder, `${name}.key`))))).toBe(true);
      expect(readFileSync(join(folder, `${name}.pem`), "utf8")).toBe(certificate.toString() + ca.toString());
    }
    expect(certificateIn(folder, "localhost.pem").subjectAltName).toBe(
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
  });

  test("the modes do not depend on the umask", async () => {
    const folder = freeFolder();
    const before = process.umask(0o777);
    onTestFinished(() => void process.umask(before));
    expect(await cert(folder, "localhost")).toMatchObject({ code: 0 });
    expect(modesIn(folder)).toEqual(["ca.key 600", "ca.pem 644", "localhost.key 600", "localhost.pem 644"]);
  });

  test("--self-signed makes two files, and leaves a CA alone", async () => {
    const folder = freeFolder();
    await cert(folder, "localhost");
    const before = contents(folder);
    expect(await cert(folder, "--self-signed", "192.0.2.1")).toMatchObject({ code: 0, stderr: "" });
    const { "192.0.2.1.pem": pem = "", "192.0.2.1.key": key, ...others } = contents(folder);
    expect(others).toEqual(before);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const certificate = new X509Certificate(pem);
    expect(pem).toBe(certificate.toString());
    expect(certificate.issuer).toBe(certificate.subject);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  test.for([
    ["::1", "__1"],
    ["2001:DB8::1", "2001_db8__1"],
    ["*.Example.org", "_wildcard.example.org"],
    ["bücher.example", "xn--bcher-kva.example"],
    [`${"a.".repeat(125)}aaa`, "a.".repeat(MAX_FILE_NAME_LENGTH / 2)],
  ])("those for %s are called %s", async ([name = "", base]) => {
    const folder = freeFolder();
    await cert(folder, "--self-signed", name);
    expect(readdirSync(folder).sort()).toEqual([`${base}.key`, `${base}.pem`]);
  });

  test("without --out they are in the working folder", async () => {
    const folder = freeFolder();
    const child = await startChild(process.execPath, [program, "cert", "localhost"], { cwd: folder });
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
    expect(child.stdout).toMatch(/^localhost\.pem /);
    expect(readdirSync(folder).sort()).toEqual(["ca.key", "ca.pem", "localhost.key", "localhost.pem"]);
  });
});

describe("output", () => {
  test("it has the files, their ends, the fingerprint, and how to trust the CA", async () => {
    const folder = freeFolder();
    const { stdout } = await cert(folder, "*.example.org", ...["a", "b", "c", "d", "e"]);
    const { fingerprint256, validTo } = certificateIn(folder, "_wildcard.example.org.pem");
    const day = new Date(validTo).toISOString().slice(0, 10);
    expect(stdout).toContain(
      `${folder}/_wildcard.example.org.pem  the certificate for *.example.org, a, b, c and 2 more, valid until ${day}\n`,
    );
    expect(stdout).toMatch(/^\S+\/ca\.pem +the CA that issued it, new, valid until \d{4}-\d\d-\d\d$/m);
    const digits = fingerprint256.replaceAll(":", "").toLowerCase();
    expect(stdout).toContain(`\nfingerprint  sha256:${digits}\n`);
    expect(stdout).toContain(`curl --cacert ${folder}/ca.pem https://www.example.org/\n`);
    expect(stdout).toContain(`?ca=${folder}/ca.pem at`);
    for (const word of ["No trust store was changed", "update-ca-certificates", "certutil -d sql:", "Firefox"])
      expect(stdout).toContain(word);
    expect((await cert(folder, "other")).stdout).toContain("the CA that issued it, as before");
  });

  test("--self-signed prints the pin, and nothing of a CA", async () => {
    const folder = freeFolder();
    const { stdout } = await cert(folder, "--self-signed", "localhost");
    const digits = certificateIn(folder, "localhost.pem").fingerprint256.replaceAll(":", "").toLowerCase();
    expect(stdout).toContain(`  ?pin=sha256:${digits}\n`);
    expect(stdout).not.toMatch(/\bCA\b|trust store/);
  });

  test("--json prints one object", async () => {
    const folder = freeFolder();
    const issued = JSON.parse((await cert(folder, "--json", "LOCALHOST", "::1")).stdout);
    const certificate = certificateIn(folder, "localhost.pem");
    const ca = certificateIn(folder, "ca.pem");
    expect(issued).toEqual({
      event: "certificate",
      names: ["localhost", "::1"],
      cert: join(folder, "localhost.pem"),
      key: join(folder, "localhost.key"),
      ca: {
        cert: join(folder, "ca.pem"),
        key: join(folder, "ca.key"),
        isNew: true,
        notAfter: new Date(ca.validTo).toISOString(),
      },
      fingerprint: `sha256:${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`,
      notAfter: new Date(certificate.validTo).toISOString(),
    });
    const selfSigned = JSON.parse((await cert(folder, "--json", "--self-signed", "other")).stdout);
    expect(Object.keys(selfSigned)).toEqual(["event", "names", "cert", "key", "fingerprint", "notAfter"]);
  });

  test("a shell takes the commands that it prints, whatever the folder is called", async (context) => {
    const curl = requireTool(context, "curl");
    const folder = join(freeFolder(), "it's $(a) folder");
    const { stdout } = await cert(folder, "localhost");
    const [, command = ""] = /^ *curl +(curl .*)$/m.exec(stdout) ?? [];
    // Nothing listens on port 9 of the address; an option that curl does not take, or a file that is missing, is another code.
    const child = await startChild("sh", [
      "-c",
      command.replace("curl", curl).replace("//localhost/", "//127.0.0.1:1/"),
    ]);
    expect(await child.exit()).toEqual({ code: 7, signal: null });
    expect(existsSync(join(folder, "ca.pem"))).toBe(true);
  });
});

describe("names that are refused: exit code 2, and no file", () => {
  test.for([
    ["../x", "is no name for a certificate"],
    ["", "it is empty"],
    ["a".repeat(300), "more than 253 characters"],
    ["a\0b", "is no name for a certificate"],
    ["a b", "is no name for a certificate"],
    ["example.org.", "leave out the dot"],
    ["*.", "a wildcard is the whole first label"],
    ["*.*.x", "a wildcard is the whole first label"],
    ["a\u202eb", "no valid internationalized name"],
    ["a\nb", "is no name for a certificate"],
    ["ca", '"ca" would be called as the CA'],
    ["CA", '"ca" would be called as the CA'],
  ])("%j", async ([name = "", said = ""]) => {
    const folder = join(freeFolder(), "certs");
    await expectRefused(cert(folder, "--", name), said);
    await expectRefused(cert(folder, "--self-signed", "--", name), said);
    expect(existsSync(folder)).toBe(false);
  });

  test("with a hyphen in front, as an option and behind --", async () => {
    const folder = join(freeFolder(), "certs");
    await expectRefused(cert(folder, "-x.example"), "unknown option '-x.example'");
    await expectRefused(cert(folder, "--", "-x.example"), "is no name for a certificate");
    await expectRefused(cert(folder, "-4"), "is no name for a certificate");
    expect(existsSync(folder)).toBe(false);
  });

  test("any of several", async () => {
    const folder = join(freeFolder(), "certs");
    await expectRefused(cert(folder, "localhost", "a b"), '"a b" is no name for a certificate');
    expect(existsSync(folder)).toBe(false);
  });

  test("more than 100; 100 are no trouble", async () => {
    const folder = join(freeFolder(), "certs");
    const names = Array.from({ length: 101 }, (_, index) => `host-${index}.example.org`);
    await expectRefused(cert(folder, ...names), "at most 100 names, and these are 101");
    expect(existsSync(folder)).toBe(false);
    expect(await cert(folder, ...names.slice(1))).toMatchObject({ code: 0 });
  });

  test("none", async () => {
    await expectRefused(runHere(["cert"]), "a name is missing: write  sockwright cert localhost");
    await expectRefused(runHere(["cert", "--out", "", "localhost"]), "--out is empty");
  });
});

describe("existing files are kept: exit code 2, and nothing is written", () => {
  test.for(["localhost.pem", "localhost.key"])("%s", async (name) => {
    const folder = freeFolder();
    writeFileSync(join(folder, name), "precious");
    const said = `${join(folder, name)} exists: remove it, or choose another --out`;
    await expectRefused(cert(folder, "localhost"), said);
    await expectRefused(cert(folder, "--self-signed", "localhost"), said);
    expect(contents(folder)).toEqual({ [name]: "precious" });
  });

  test("a link to a file that does not exist", async () => {
    const folder = freeFolder();
    symlinkSync(join(folder, "elsewhere"), join(folder, "localhost.key"));
    await expectRefused(cert(folder, "localhost"), "localhost.key exists");
    expect(readdirSync(folder)).toEqual(["localhost.key"]);
  });

  test("one line for --json, too", async () => {
    const folder = freeFolder();
    writeFileSync(join(folder, "localhost.pem"), "");
    const { code, stdout, stderr } = await cert(folder, "--json", "localhost");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      event: "error",
      message: expect.stringContaining("exists"),
      exitCode: 2,
    });
  });

  test.for([
    ["/etc/hosts", "ENOTDIR"],
    ["/etc/hosts/certs", "ENOTDIR"],
    ["/proc/certs", "ENOENT"],
  ])("--out %s is no folder: %s", async ([folder = "", code = ""]) => {
    await expectRefused(cert(folder, "localhost"), `the files cannot be created in ${folder}: ${code}`);
    await expectRefused(
      cert(folder, "--self-signed", "localhost"),
      `the files cannot be created in ${folder}: ${code}`,
    );
  });
});

describe("a CA that cannot issue: exit code 2, and nothing is written", () => {
  const valid = authorityPem(newAuthority("rose@desk", Date.now()));
  const other = authorityPem(newAuthority("rose@desk", Date.now()));
  const expired = authorityPem(newAuthority("rose@desk", Date.now() - 3_700 * DAY_MS));
  const encrypted = createPrivateKey(valid.key)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
    .toString();

  test.for<[what: string, files: Record<string, string>, said: string]>([
    [
      "the key is another's",
      { "ca.pem": valid.cert, "ca.key": other.key },
      "the key is not that of the CA's certificate",
    ],
    ["the key has a passphrase", { "ca.pem": valid.cert, "ca.key": encrypted }, "the key has a passphrase"],
    ["it has expired", { "ca.pem": expired.cert, "ca.key": expired.key }, "the CA has expired on "],
    ["it has no key", { "ca.pem": valid.cert }, "ca.pem exists, and ca.key does not: put the CA's key beside it"],
    [
      `it has no certificate, and none comes in ${MAX_CA_WAIT_MS} ms`,
      { "ca.key": valid.key },
      "ca.key exists, and ca.pem does not",
    ],
    ["the certificate is empty", { "ca.pem": "", "ca.key": valid.key }, "the certificate is no PEM of X.509"],
    ["the key is empty", { "ca.pem": valid.cert, "ca.key": "" }, "the key is no PEM of a private key"],
    ["a file is too large", { "ca.pem": valid.cert, "ca.key": " ".repeat(65_537) }, "ca.key: it is no PEM file"],
  ])("%s", async ([, files, said]) => {
    const folder = freeFolder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    await expectRefused(cert(folder, "localhost"), said);
    expect(contents(folder)).toEqual(files);
  });

  test.for<[what: string, place: (path: string) => void]>([
    ["a folder", (path) => void mkdirSync(path)],
    ["a device that never ends", (path) => symlinkSync("/dev/zero", path)],
    ["a link to nothing", (path) => symlinkSync("nonesuch", path)],
  ])("ca.pem is %s", async ([, place]) => {
    const folder = freeFolder();
    writeFileSync(join(folder, "ca.key"), valid.key);
    place(join(folder, "ca.pem"));
    await expectRefused(cert(folder, "localhost"), "ca.pem");
    expect(readdirSync(folder).sort()).toEqual(["ca.key", "ca.pem"]);
  });
});

describe("several at once in one folder", () => {
  const running = (folder: string, ...args: readonly string[]): ReturnType<typeof startChild> =>
    startChild(process.execPath, [program, "cert", "--out", folder, ...args]);

  test("they share one CA, and each has its certificate", async () => {
    const folder = join(freeFolder(), "certs");
    const names = ["a", "b", "c", "d"];
    const children = await Promise.all(names.map((name) => running(folder, name)));
    const exits = await Promise.all(children.map((child) => child.exit()));
    expect(children.map(({ stderr }) => stderr)).toEqual(names.map(() => ""));
    expect(exits).toEqual(names.map(() => ({ code: 0, signal: null })));
    const files = [...names, "ca"].flatMap((name) => [`${name}.key`, `${name}.pem`]).sort();
    expect(readdirSync(folder).sort()).toEqual(files);
    expect(children.filter(({ stdout }) => stdout.includes("the CA that issued it, new"))).toHaveLength(1);
    const ca = certificateIn(folder, "ca.pem");
    for (const name of names) {
      const certificate = certificateIn(folder, `${name}.pem`);
      expect(certificate.verify(ca.publicKey)).toBe(true);
      expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(folder, `${name}.key`))))).toBe(true);
    }
  });

  test("one of those for the same name wins, and the others change nothing", async () => {
    const folder = join(freeFolder(), "certs");
    const children = await Promise.all([1, 2, 3].map(() => running(folder, "localhost")));
    const codes = await Promise.all(children.map(async (child) => (await child.exit()).code));
    expect(codes.sort()).toEqual([0, 2, 2]);
    expect(readdirSync(folder).sort()).toEqual(["ca.key", "ca.pem", "localhost.key", "localhost.pem"]);
    const certificate = certificateIn(folder, "localhost.pem");
    expect(certificate.verify(certificateIn(folder, "ca.pem").publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(folder, "localhost.key"))))).toBe(true);
  });

  test("one that finds ca.key alone waits for ca.pem", async () => {
    const folder = freeFolder();
    const { cert: pem, key } = authorityPem(newAuthority("rose@desk", Date.now()));
    writeFileSync(join(folder, "ca.key"), key);
    const issuing = cert(folder, "localhost");
    // The command has looked, and waits: only a later turn puts the certificate there.
    await new Promise(setImmediate);
    expect(existsSync(join(folder, "localhost.pem"))).toBe(false);
    writeFileSync(join(folder, "ca.pem"), pem);
    expect(await issuing).toMatchObject({ code: 0 });
    expect(certificateIn(folder, "localhost.pem").verify(new X509Certificate(pem).publicKey)).toBe(true);
  });

  test("one that waits makes a CA of its own when ca.key is gone", async () => {
    const folder = freeFolder();
    writeFileSync(join(folder, "ca.key"), "");
    const issuing = cert(folder, "localhost");
    await new Promise(setImmediate);
    unlinkSync(join(folder, "ca.key"));
    expect(await issuing).toMatchObject({ code: 0 });
    expect(certificateIn(folder, "localhost.pem").verify(certificateIn(folder, "ca.pem").publicKey)).toBe(true);
  });
});

describe("flags of mkcert and openssl", () => {
  test.for<[args: string[], said: string]>([
    [["-install"], "unknown option '-install': no trust store is changed"],
    [["-cert-file", "x.pem", "localhost"], "unknown option '-cert-file': the files are called after the first NAME"],
    [["--days", "30", "localhost"], "a certificate is valid for 825 days"],
    [["-o", "certs", "localhost"], "unknown option '-o': write --out certs"],
    [["-d"], "unknown option '-d': write --out FOLDER"],
    [["-z"], "unknown option '-z': see  sockwright cert --help"],
    [["--self-singed", "localhost"], "(did you mean --self-signed?)"],
  ])("%j", async ([args, said]) => {
    await expectRefused(runHere(["cert", ...args]), said);
  });
});
