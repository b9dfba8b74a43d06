import { Command } from "commander";
import type { CertOptions } from "./cert.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { StandardStreams } from "./standard-streams.ts";

const HELP = `
NAME is a host name, a wildcard such as *.example.org, or an IPv4 or IPv6 address.
All NAMEs are in one certificate, which is valid for 825 days.

Files:
  ca.pem, ca.key  the CA, made once; later certificates in the same folder are its, too
  NAME.pem        the certificate, and behind it the CA; called after the first NAME
  NAME.key        its key
Keys have the mode 0600, certificates 0644. No file is overwritten. No trust store is
changed: the command prints how to trust the CA.

Examples:
  sockwright cert localhost 127.0.0.1 ::1
  sockwright cert --out certs example.org '*.example.org'
  sockwright cert --self-signed 192.0.2.1        for clients that pin the certificate

Exit codes:
  0 done   2 usage or file`;

/** Makes the command `sockwright cert`. */
export function certCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  return new Command("cert")
    .allowExcessArguments()
    .usage("NAME… [options]")
    .description("Makes a certificate for TLS, and a CA that issues it.")
    .option("--out <folder>", "the folder of the files; created if it does not exist (default: .)")
    .option("--self-signed", "make no CA: the certificate is signed with its own key")
    .option("--json", "print one JSON object, also for errors")
    .addHelpText("after", HELP)
    .action(async (options: CertOptions, own: Command) => {
      if (own.args.length === 0) throw usage("a name is missing: write  sockwright cert localhost 127.0.0.1 ::1");
      if (options.out === "") throw usage("--out is empty: write the path of a folder");
      const { runCert } = await import("./cert.ts");
      done(await runCert(own.args, options, streams));
    });
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
