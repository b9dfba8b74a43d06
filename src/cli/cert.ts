import { join } from "node:path";
import { CertificateError } from "../certificate/certificate-error.ts";
import { type Leaf, selfSignedLeaf } from "../certificate/leaf.ts";
import { parseSubjectAltNames, type SubjectAltName } from "../certificate/subject-alt-name.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import { CA_CERT, CA_KEY, exists, fileError, type Issued, issueInto, leafFiles } from "./cert-folder.ts";
import { certReport } from "./cert-report.ts";
import { CommandError } from "./command-error.ts";
import { unwritable } from "./explain.ts";
import { createFiles, isThere } from "./new-files.ts";
import { jsonLine } from "./printable.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** The options of `cert`. */
export interface CertOptions {
  readonly out?: string;
  readonly selfSigned?: boolean;
  readonly json?: boolean;
}

/** How long the name of a file is at most, without its ending; file systems allow 255 bytes. */
export const MAX_FILE_NAME_LENGTH = 200;

/** Runs `sockwright cert NAME…`, and resolves with the exit code. */
export async function runCert(
  texts: readonly string[],
  options: CertOptions,
  { output }: Pick<StandardStreams, "output">,
): Promise<number> {
  const { out = ".", selfSigned = false, json = false } = options;
  const made = await make(texts, out, selfSigned);
  try {
    await output.write(Buffer.from(json ? `${jsonLine(made)}\n` : certReport(made)));
  } catch (error) {
    // The files are there, whoever reads about them.
    if (codeOf(error) !== "EPIPE") throw unwritable(error);
  }
  return 0;
}

/** What the command has made, as `--json` prints it; paths begin with `--out`. */
export interface MadeCertificate {
  readonly event: "certificate";
  readonly names: readonly string[];
  readonly cert: string;
  readonly key: string;
  /** Undefined for a self-signed certificate. */
  readonly ca?: { readonly cert: string; readonly key: string; readonly isNew: boolean; readonly notAfter: string };
  readonly fingerprint: string;
  readonly notAfter: string;
}

async function make(texts: readonly string[], out: string, selfSigned: boolean): Promise<MadeCertificate> {
  try {
    const names = parseSubjectAltNames(texts);
    const base = fileNameOf(names);
    const [pem, key] = [`${base}.pem`, `${base}.key`];
    for (const name of [pem, key]) if (isThere(join(out, name))) throw exists(out, name);
    const issued = selfSigned ? undefined : await issueInto(out, base, names);
    const { fingerprint, notAfter } = issued?.leaf ?? createSelfSigned(out, base, names);
    return {
      event: "certificate",
      names: names.map(({ text }) => text),
      cert: join(out, pem),
      key: join(out, key),
      ...(issued === undefined ? {} : { ca: authorityIn(out, issued) }),
      fingerprint,
      notAfter: new Date(notAfter).toISOString(),
    };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof CertificateError) throw fileError(error.message, error);
    if (error instanceof Error && "syscall" in error)
      throw fileError(`the files cannot be created in ${out}: ${messageOf(error)}`, error);
    throw error;
  }
}

function createSelfSigned(out: string, base: string, names: readonly SubjectAltName[]): Leaf {
  const leaf = selfSignedLeaf(names, Date.now());
  const taken = createFiles(out, leafFiles(base, leaf));
  if (taken !== undefined) throw exists(out, taken);
  return leaf;
}

function authorityIn(out: string, { authority, isNewAuthority }: Issued): NonNullable<MadeCertificate["ca"]> {
  const notAfter = new Date(authority.certificate.validTo).toISOString();
  return { cert: join(out, CA_CERT), key: join(out, CA_KEY), isNew: isNewAuthority, notAfter };
}

/** Returns the name of the files, without the ending: the first name, in characters that need no quotes in a shell. */
function fileNameOf([first]: readonly SubjectAltName[]): string {
  const base = (first?.text ?? "").replace(/^\*/, "_wildcard").replaceAll(":", "_").slice(0, MAX_FILE_NAME_LENGTH);
  if (base === "ca") throw fileError(`"ca" would be called as the CA: write another name first`);
  return base;
}
