// Keys, certificates and lists of revoked certificates, made by the command `openssl`: once in each process that runs tests. Each test
// file gets a folder of its own with all of them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The extensions of each certificate, by its name. All names begin with "localhost" where nothing else is said. */
const CONFIG = `
[ca]
default_ca = authority
[authority]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
default_crl_days = 3650
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[authority_extensions]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
[other]
extendedKeyUsage = serverAuth
subjectAltName = DNS:other.example
[wild]
extendedKeyUsage = serverAuth
subjectAltName = DNS:*.wild.example
[nameless]
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
[both]
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
`;

const SCRIPT = `
exec >/dev/null
: >index.txt; : >empty.pem
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
for name in ca other-ca intermediate p256 another; do key $name; done
openssl genrsa -out rsa.key 2048
openssl pkcs8 -topk8 -in p256.key -out encrypted.key -passout pass:secret
openssl ec -in p256.key -aes128 -passout pass:secret -out encrypted-by-header.key
root() {
  openssl req -config config -x509 -new -key $1.key -subj "/CN=Sockwright test $1" -days 36500 -extensions authority_extensions -out $1.pem
}
root ca; root other-ca
# sign NAME AUTHORITY KEY EXTENSIONS SUBJECT FROM TO
sign() {
  openssl req -config config -new -key $3.key -subj "/CN=$5" -out request
  openssl ca -config config -batch -rand_serial -notext -cert $2.pem -keyfile $2.key -in request -extensions $4 \\
    -startdate "\${6:-20000101000000Z}" -enddate "\${7:-20990101000000Z}" -out $1.pem
}
sign localhost ca p256 server localhost
sign rsa ca rsa server localhost
sign other ca p256 other other.example
sign other-rsa ca rsa other other.example
sign wild ca p256 wild "*.wild.example"
sign nameless ca p256 nameless localhost
sign expired ca p256 both localhost 20000101000000Z 20010101000000Z
sign future ca p256 both localhost 20980101000000Z 20990101000000Z
sign client ca p256 client "a client"
sign stranger other-ca p256 client "a client of another authority"
sign revoked ca p256 both localhost
sign intermediate ca intermediate authority_extensions "Sockwright test intermediate"
sign leaf intermediate p256 both localhost
sign revoked-leaf intermediate p256 both localhost
cat leaf.pem intermediate.pem >chain.pem
cat revoked-leaf.pem intermediate.pem >revoked-chain.pem
cat intermediate.pem leaf.pem >reversed.pem
cat leaf.pem other-ca.pem >broken-chain.pem
openssl req -config config -x509 -new -key p256.key -subj /CN=localhost -days 36500 -extensions both -out self-signed.pem
openssl x509 -in localhost.pem -outform DER -out localhost.der
list() { openssl ca -config config -gencrl -cert $1.pem -keyfile $1.key -out $2.pem $3; }
openssl ca -config config -revoke revoked.pem -cert ca.pem -keyfile ca.key
openssl ca -config config -revoke revoked-leaf.pem -cert intermediate.pem -keyfile intermediate.key
list ca crl; list other-ca other-crl; list intermediate intermediate-crl
cat crl.pem intermediate-crl.pem >crls.pem
list ca expired-crl "-crl_lastupdate 20000101000000Z -crl_nextupdate 20010101000000Z"
`;

let made: ReadonlyMap<string, Buffer> | undefined;

/** The files of a folder with certificates, which is removed after the test file. */
export interface Certificates {
  readonly folder: string;
  /** The path of a file, such as `localhost.pem`. */
  path(name: string): string;
  bytes(name: string): Buffer;
  /** The options `cert` and `key` of a certificate. */
  pair(name: string): { readonly cert: string; readonly key: string };
  /** The options `cert` and `key` of several certificates. */
  pairs(...names: string[]): { readonly cert: readonly string[]; readonly key: readonly string[] };
}

/** Makes a folder with certificates for this test file. Call it outside of all tests. */
export function certificates(): Certificates {
  made ??= make();
  const folder = mkdtempSync(join(tmpdir(), "sockwright-certificates-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, bytes] of made) writeFileSync(join(folder, name), bytes);
  const path = (name: string): string => {
    if (made?.has(name) !== true) throw new Error(`no such file of certificates: ${name}`);
    return join(folder, name);
  };
  const certOf = (name: string): string => path(`${name}.pem`);
  const keyOf = (name: string): string => path(name.endsWith("rsa") ? "rsa.key" : "p256.key");
  return {
    folder,
    path,
    bytes: (name) => readFileSync(path(name)),
    pair: (name) => ({ cert: certOf(name), key: keyOf(name) }),
    pairs: (...names) => ({ cert: names.map(certOf), key: names.map(keyOf) }),
  };
}

function make(): ReadonlyMap<string, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-openssl-"));
  try {
    writeFileSync(join(folder, "config"), CONFIG);
    execFileSync("sh", ["-ec", SCRIPT], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const names = readdirSync(folder).filter((name) => /^[a-z].*\.(pem|key|der)$/.test(name));
    return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
