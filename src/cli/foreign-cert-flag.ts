import type { Advice } from "./foreign-flag.ts";

const named: Advice = () => "the files are called after the first NAME; --out FOLDER says where they are";
const noStore: Advice = () => "no trust store is changed: the command prints how to trust the CA";
const pkcs12: Advice = () => "it is not offered: use openssl pkcs12 -export";
const names: Advice = () => "write the names after the command, as in  sockwright cert localhost 127.0.0.1";
const days: Advice = () => "leave it out: a certificate is valid for 825 days";
const p256: Advice = () => "leave it out: every key is on P-256";
const folder: Advice = ({ value = "FOLDER" }) => `write --out ${value}`;

/** The flags of mkcert, of `openssl req` and of Go's generate_cert, and what `cert` has instead. */
export const CERT_FLAGS: Readonly<Record<string, Advice>> = {
  "-cert-file": named,
  "-key-file": named,
  "-out": named,
  "-keyout": named,
  "-install": noStore,
  "--install": noStore,
  "-uninstall": noStore,
  "-CAROOT": () => "the CA is in the folder that --out says",
  "-p12-file": pkcs12,
  "-pkcs12": pkcs12,
  "-client": () => "leave it out: every certificate is for servers and for clients",
  "-ecdsa": p256,
  "-newkey": p256,
  "-nodes": () => "leave it out: a key has no passphrase",
  "-x509": () => "write --self-signed",
  "-days": days,
  "--days": days,
  "-subj": names,
  "-addext": names,
  "-host": names,
  "--host": names,
  "-o": folder,
  "-d": folder,
};

/** The flags of {@link CERT_FLAGS} that have a value. */
export const CERT_VALUES = /^-(?:cert-file|key-file|out|keyout|p12-file|newkey|-?days|subj|addext|-?host|o|d)$/;
