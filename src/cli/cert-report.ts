import type { MadeCertificate } from "./cert.ts";
import { printableName } from "./printable.ts";
import { tableLines } from "./table.ts";

/** Of many names, the report shows the first ones. */
const MAX_SHOWN_NAMES = 4;

/** Returns what `cert` prints without `--json`: the files, the fingerprint, and what a client has to be told. */
export function certReport(made: MadeCertificate): string {
  const { names, cert, key, ca, fingerprint, notAfter } = made;
  const files = [
    [cert, `the certificate for ${shownNames(names)}, valid until ${dayOf(notAfter)}`],
    [key, "its key: keep it secret"],
    ...(ca === undefined
      ? []
      : [
          [ca.cert, `the CA that issued it, ${ca.isNew ? "new" : "as before"}, valid until ${dayOf(ca.notAfter)}`],
          [ca.key, "its key: whoever has it can issue for every name"],
        ]),
  ];
  const rows = tableLines(files.map(([path = "", text = ""]) => [printableName(path), text]));
  const advice = ca === undefined ? pinAdvice(fingerprint) : trustAdvice(ca.cert, names[0] ?? "");
  return [...rows, "", `fingerprint  ${fingerprint}`, "", ...advice, ""].join("\n");
}

function pinAdvice(fingerprint: string): readonly string[] {
  return [
    "A client of Sockwright accepts this certificate alone, with this at the end of its URL:",
    `  ?pin=${fingerprint}`,
  ];
}

function trustAdvice(ca: string, name: string): readonly string[] {
  const path = quoted(ca);
  const rows = [
    ["curl", `curl --cacert ${path} https://${hostOf(name)}/`],
    ["Sockwright", `?ca=${printableName(inUrl(ca))} at the end of a URL`],
    ["Node", `NODE_EXTRA_CA_CERTS=${path}`],
    ["Debian", `sudo cp ${path} /usr/local/share/ca-certificates/sockwright.crt && sudo update-ca-certificates`],
    [
      "Chromium",
      `mkdir -p "$HOME/.pki/nssdb" && certutil -d sql:"$HOME/.pki/nssdb" -A -t C,, -n sockwright -i ${path}`,
    ],
    ["Firefox", "Settings, Privacy & Security, View Certificates, Authorities, Import"],
  ];
  return ["No trust store was changed. To trust the CA:", ...tableLines(rows).map((line) => `  ${line}`)];
}

function shownNames(names: readonly string[]): string {
  const more = names.length - MAX_SHOWN_NAMES;
  return names.slice(0, MAX_SHOWN_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function dayOf(date: string): string {
  return date.slice(0, 10);
}

/** Returns a host that the certificate is for, as a URL has it. */
function hostOf(name: string): string {
  return name.includes(":") ? `[${name}]` : name.replace("*", "www");
}

/** Returns a path as a word for a shell. */
function quoted(path: string): string {
  const safe = printableName(path.startsWith("-") ? `./${path}` : path);
  return /^[\w./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

function inUrl(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
