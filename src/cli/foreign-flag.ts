// Flags of other programs, and what to write instead.
import { CERT_FLAGS, CERT_VALUES } from "./foreign-cert-flag.ts";
import { CTL_FLAGS, CTL_VALUES, UP_FLAGS, UP_VALUES } from "./foreign-service-flag.ts";
import { chatTls, TLS_FLAGS, TLS_VALUES, WEB_TLS_FLAGS, WEB_TLS_VALUES } from "./foreign-tls-flag.ts";
import { hostPortOf } from "./host-port.ts";

/** The context of an unknown flag on the command line. */
export interface Typed {
  readonly command: string;
  /** The arguments that are not options. */
  readonly operands: readonly string[];
  /** The argument after the flag. */
  readonly value: string | undefined;
}

/** Returns what to write in place of a flag. */
export type Advice = (typed: Typed) => string;

const keepOpen: Advice = ({ command }) =>
  command === "listen"
    ? "write --keep-open"
    : command === "greet"
      ? "leave it out"
      : "only listen has --keep-open; curl's -k is ?pin=sha256:HEX after the URL";
const inUrl: Advice = (typed) => `the address is one URL: write ${example("tcp", typed)}`;
const listener: Advice = (typed) => {
  if (typed.command !== "connect") return `leave it out: write ${example("tcp", typed)}`;
  return `listen is a command of its own: write ${example("tcp", { ...typed, command: "listen" })}`;
};
const ownAddress: Advice = (typed) =>
  typed.command !== "connect" ? inUrl(typed) : `write --source ${typed.value ?? "127.0.0.1"}`;
const ownPort: Advice = (typed) =>
  typed.command === "connect" ? `write --source 0.0.0.0:${portOf(typed) ?? 4000}, or [::]:PORT for IPv6` : inUrl(typed);
const timeout: Advice = (typed) => {
  const idle = `--idle-timeout ${timeOf(typed)}`;
  if (typed.command === "listen") return `write ${idle}`;
  return `write --connect-timeout ${timeOf(typed)} for the connection, ${idle} for silence`;
};
const program: Advice = () => "no program is started: connect it with pipes";
const verbose: Advice = () => "write --json, which reports events, or sockwright --version";

const noProxy: Advice = () => "it is not offered: proxies are not supported";
const noHttp: Advice = () => "HTTP is not supported: use curl";
const toFile: Advice = ({ value = "FILE" }) => `write > ${value}`;
const notOffered: Advice = () => "it is not offered";
const unixSocket: Advice = (typed) =>
  `write ${example("unix", { ...typed, operands: [typed.value ?? "/tmp/app.sock"] })}`;

/** The flags of nc(1), ncat(1) and curl(1), and their counterparts. */
const FLAGS: Readonly<Record<string, Advice>> = {
  ...TLS_FLAGS,
  "-4": (typed) => `write an IPv4 address, as in ${example("tcp", { ...typed, operands: [] })}`,
  "-6": ({ command }) => `write an IPv6 address, as in sockwright ${command} tcp://[::1]:8000`,
  "-b": () => "write ?broadcast after the URL, as in udp://255.255.255.255:9000?broadcast",
  "-c": program,
  "-e": program,
  "--exec": program,
  "--sh-exec": program,
  "-C": () => "write --crlf",
  "-d": () => "write < /dev/null",
  "--recv-only": () => "write < /dev/null",
  "-i": (typed) => `write --idle-timeout ${timeOf(typed)}; a delay between lines, as in nc, is not offered`,
  "-I": ({ value = "65536" }) => `write --option SO_RCVBUF=${value}`,
  "-O": ({ value = "65536" }) => `write --option SO_SNDBUF=${value}`,
  "-k": keepOpen,
  "--keep-open": keepOpen,
  "-l": listener,
  "--listen": listener,
  "-n": () => "leave it out, and write an address in place of a name",
  "-N": () => "leave it out: the end of standard input is always sent to the peer",
  "-p": ownPort,
  "--port": inUrl,
  "--host": inUrl,
  "-q": (typed) => `write --wait ${timeOf(typed)}`,
  "-s": ownAddress,
  "-u": (typed) => `write ${example("udp", typed)}`,
  "--udp": (typed) => `write ${example("udp", typed)}`,
  "-U": (typed) => `write ${example("unix", typed)}`,
  "--unixsock": (typed) => `write ${example("unix", typed)}`,
  "-v": verbose,
  "--verbose": verbose,
  "-V": () => "write sockwright --version",
  "-w": timeout,
  "--timeout": timeout,
  "--connect-timeout": timeout,
  "-z": () => "write --wait 0 < /dev/null, and the exit code says whether a server listens",
  "-M": ({ value = "64" }) => `write --option IP_TTL=${value}`,
  "-T": ({ value = "FILE" }) => `write < ${value} for a file, --option IP_TOS=16 for the type of service`,
  "-r": () => "leave it out: a free port is chosen without it",
  "-P": noProxy,
  "-x": noProxy,
  "-X": () => "it is not offered: neither proxies nor HTTP are supported",
  "--proxy": noProxy,
  "-o": toFile,
  "--output": toFile,
  "--append-output": () => "write >>, as in >> FILE",
  "--send-only": () => "write --wait 0 > /dev/null",
  "--no-shutdown": () => "it is not offered: the end of standard input is always sent to the peer",
  "--broker": () =>
    "it is not offered: listen --keep-open sends standard input to every client, but not what other clients send",
  "--nodns": () => "leave it out, and write an address in place of a name",
  "--source-port": ownPort,
  "--local-port": ownPort,
  "--vsock": ({ command }) => `write sockwright ${command} vsock://2:5000`,
  "--unix-socket": unixSocket,
  "--max-time": ({ value = "5" }) => `write timeout ${value} in front of the command, or --idle-timeout for silence`,
  "--interface": ({ value = "eth0", command }) =>
    `write --option SO_BINDTODEVICE=${value}${command === "connect" ? ", or --source with an own address" : ""}`,
  "-H": noHttp,
  "--header": noHttp,
  "--request": noHttp,
  "--data": () => "HTTP is not supported: write the data to standard input",
};

/** The flags that have no counterpart in any command. */
const NOT_OFFERED: readonly string[] =
  "-D -F -S -W -m -t -g -G --chat --max-conns --allow --deny --telnet --sctp --delay --hex-dump".split(" ");

/** The flags that apply to `greet`. */
const GREET_FLAGS: readonly string[] =
  "-4 -6 -k --keep-open -l --listen -p --port --host -s -u --udp -U --unixsock --ssl --tls --cert --key --ssl-cert --ssl-key".split(
    " ",
  );

const webPort: Advice = ({ value = "8080", operands: [root = "ROOT"] }) =>
  /^\d+$/.test(value)
    ? `write the port after the folder, as in  sockwright web ${root} ${value}`
    : `write --listen http://${hostPortOf([value]) ?? "HOST:PORT"}`;
const webHost: Advice = ({ value = "0.0.0.0" }) => `write --listen http://${value}:8080`;
const webFolder: Advice = ({ value = "FOLDER" }) => `write the folder first, as in  sockwright web ${value}`;
const spa: Advice = () => "write --spa";
const watch: Advice = () => "write --watch to reload pages; a changed file is served without it";
const cors: Advice = () => "write --header 'Access-Control-Allow-Origin: *'";
const quiet: Advice = () => "write --access-log off";
const maxAge: Advice = ({ value = "3600" }) => `write --cache '*=max-age=${value}'`;
const immutable: Advice = () =>
  "write --cache '*=max-age=31536000, immutable'; a file name with a hash gets that by default";
const links: Advice = () => "write --symlinks follow";
const leaveOut: Advice = () => "leave it out: this is the default";
const precompressed: Advice = () =>
  "leave it out: FILE.br and FILE.gz are sent where they exist, and nothing is compressed";
const webProxy: Advice = () => "it is not offered: put a proxy in front";
const configured: Advice = () => "it is not offered: all options are on the command line";
const opened: Advice = () => "it is not offered: open the address that is printed";

/** The flags of serve, sirv-cli, http-server and Python's http.server, and what `web` has instead. */
const WEB_FLAGS: Readonly<Record<string, Advice>> = {
  ...WEB_TLS_FLAGS,
  "-p": webPort,
  "--port": webPort,
  "-l": webPort,
  "-a": webHost,
  "-b": webHost,
  "-H": webHost,
  "--address": webHost,
  "--bind": webHost,
  "--host": webHost,
  "--directory": webFolder,
  "--root": webFolder,
  "-s": spa,
  "--single": spa,
  "-D": watch,
  "--dev": watch,
  "-C": cors,
  "--cors": cors,
  "-q": quiet,
  "--quiet": quiet,
  "--silent": quiet,
  "-L": quiet,
  "--no-request-logging": quiet,
  "-m": maxAge,
  "--maxage": maxAge,
  "-i": immutable,
  "--immutable": immutable,
  "-S": links,
  "-G": precompressed,
  "--gzip": precompressed,
  "-B": precompressed,
  "--brotli": precompressed,
  "-u": precompressed,
  "--no-compression": precompressed,
  "-e": leaveOut,
  "--etag": leaveOut,
  "-n": leaveOut,
  "--no-clipboard": leaveOut,
  "--no-port-switching": leaveOut,
  "-P": webProxy,
  "--proxy": webProxy,
  "-c": configured,
  "--config": configured,
  "-o": opened,
  "--open": opened,
  "--autoindex": () => "write --listing",
};

const twoWays: Advice = () => "write --listen URL to host a chat, or --with URL for two terminals";
const ownName: Advice = ({ value = "NAME" }) => `write --name ${value}`;

const chatPort: Advice = (typed) => `write --listen http://127.0.0.1:${portOf(typed) ?? 8080}/chat/`;
const chatFile: Advice = ({ value = "FILE" }) => `write  sockwright up ${value}  for a service with kind = "chat"`;
/** The flags of nc, ncat and chat programs, and what `chat` has instead. */
const CHAT_FLAGS: Readonly<Record<string, Advice>> = {
  "-l": twoWays,
  "--chat": twoWays,
  "--broker": twoWays,
  "-n": ownName,
  "--nick": ownName,
  "--nickname": ownName,
  "--user": ownName,
  "--username": ownName,
  "-c": ({ value = "ROOM" }) => `write --room ${value}`,
  "--channel": ({ value = "ROOM" }) => `write --room ${value}`,
  "--connect": ({ value = "URL" }) => `write --join ${value}`,
  "--server": ({ value = "URL" }) => `write --join ${value}`,
  "--no-color": () => "write --color never",
  "-r": ({ value = "ROOM" }) => `write --room ${value}`,
  "-p": chatPort,
  "--port": chatPort,
  "--host": chatPort,
  "--db": ({ value = "FILE" }) => `write --history ${value}`,
  "--database": ({ value = "FILE" }) => `write --history ${value}`,
  "-f": chatFile,
  "--file": chatFile,
  "--config": chatFile,
  "--password": () => "a room can have a key, which its first member sets: /join ROOM KEY",
  "--tls": chatTls,
  "--ssl": chatTls,
  "-u": () => "it is not offered: write a URL of TCP, of a Unix socket or of HTTP",
  "--udp": () => "it is not offered: write a URL of TCP, of a Unix socket or of HTTP",
  "-k": () => "leave it out: --listen serves any number of clients",
  "--keep-open": () => "leave it out: --listen serves any number of clients",
  "--nohistory": () => "write --memory",
  "--no-history": () => "write --memory",
};

/** Returns what to write in place of another program's flag; undefined for a flag of no known program. */
export function flagAdvice(flag: string, typed: Typed): string | undefined {
  // Those of mkcert and openssl are words behind one hyphen.
  if (typed.command === "cert") return Object.hasOwn(CERT_FLAGS, flag) ? CERT_FLAGS[flag]?.(typed) : undefined;
  if (Object.hasOwn(TLS_FLAGS, flag) && adviceOn(flag, typed) !== undefined) return adviceOn(flag, typed)?.(typed);
  const [, long = "", given] = /^(--[^=]+)(?:=(.*))?$/s.exec(flag) ?? [];
  if (long !== "") return adviceOn(long, typed)?.({ ...typed, value: given ?? typed.value });
  // -w1 and -lk: flags of one letter in one word, the last one perhaps with its value.
  const [, letters = "", value] = /^-([a-z]+|\d)(\d+)?$/i.exec(flag) ?? [];
  const advices = [...letters].map((letter) => {
    const advice = adviceOn(`-${letter}`, typed)?.({ ...typed, value: value ?? typed.value });
    return letters.length > 1 && advice !== undefined ? `-${letter}: ${advice}` : advice;
  });
  return advices.length === 0 || advices.includes(undefined) ? undefined : advices.join("; ");
}

/** Returns whether the argument after the flag is its value. */
export function takesValue(flag: string, command: string | undefined): boolean {
  if (command === "up") return UP_VALUES.test(flag);
  if (command === "ctl") return CTL_VALUES.test(flag);
  if (command === "cert") return CERT_VALUES.test(flag);
  if (command === "web" && WEB_TLS_VALUES.test(flag)) return true;
  if (command === "web") return /^-(?:[plabHm]|-(?:port|address|bind|host|directory|root|maxage))$/.test(flag);
  if (command === "chat")
    return /^-(?:[ncrpf]|-(?:nick|nickname|user|username|channel|connect|server|port|host|db|database|file|config|password))$/.test(
      flag,
    );
  if (TLS_FLAGS[flag] !== undefined) return TLS_VALUES.test(flag);
  return /^(?:-[a-zA-Z]*[pqwsiIOMmTPxXoHSWgG]|-[ce]|--(?:port|host|timeout|connect-timeout|exec|sh-exec|proxy|output|append-output|source-port|local-port|unix-socket|max-time|interface|header|request|data|max-conns|allow|deny|delay))$/.test(
    flag,
  );
}

function adviceOn(flag: string, { command }: Typed): Advice | undefined {
  if (command === "up") return Object.hasOwn(UP_FLAGS, flag) ? UP_FLAGS[flag] : undefined;
  if (command === "ctl") return Object.hasOwn(CTL_FLAGS, flag) ? CTL_FLAGS[flag] : undefined;
  if (command === "web") return Object.hasOwn(WEB_FLAGS, flag) ? WEB_FLAGS[flag] : undefined;
  if (command === "chat") return Object.hasOwn(CHAT_FLAGS, flag) ? CHAT_FLAGS[flag] : undefined;
  if (command === "relay") return undefined;
  if (NOT_OFFERED.includes(flag)) return notOffered;
  if (command === "greet" && !GREET_FLAGS.includes(flag)) return undefined;
  return Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : undefined;
}

/** Returns a correct command line, with the given address if there is one. */
function example(scheme: "tcp" | "udp" | "unix", typed: Typed): string {
  const command = typed.command === "greet" ? "greet --listen" : typed.command;
  if (scheme === "unix") return `sockwright ${command} unix:${typed.operands[0] ?? "/tmp/app.sock"}`;
  const port = portOf(typed);
  const place = hostPortOf(typed.operands) ?? `127.0.0.1:${port ?? 8000}`;
  return `sockwright ${command} ${scheme}://${place.replace(/PORT$/, String(port ?? 8000))}`;
}

function portOf({ value }: Typed): string | undefined {
  return value !== undefined && /^\d{1,5}$/.test(value) ? value : undefined;
}

function timeOf({ value = "" }: Typed): string {
  if (/^\d+(?:\.\d+)?$/.test(value)) return `${value}s`;
  return /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(value) ? value : "1s";
}
