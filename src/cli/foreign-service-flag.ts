import type { Advice } from "./foreign-flag.ts";

const fileBehind: Advice = ({ value = "FILE" }) => `write the file after the command, as in  sockwright up ${value}`;
const check: Advice = ({ operands: [file = "FILE"] }) => `write  sockwright up ${file} --check`;
const testOrTime: Advice = (typed) =>
  isNumber(typed.value) ? grace(typed) : check({ ...typed, operands: fileOf(typed) });
const grace: Advice = ({ value }) => `write --grace ${isNumber(value) ? `${value}s` : "10s"}`;
const foreground: Advice = () => "it stays in the foreground: start it with systemd, or write & after it";
const place: Advice = ({ value }) =>
  `the file says where a service listens: listen = "tcp://127.0.0.1:${isNumber(value) ? value : "8000"}"`;
const portOrFolder: Advice = (typed) =>
  typed.value === undefined || isNumber(typed.value)
    ? place(typed)
    : "it is not offered: paths are relative to the folder of the file";
const folder: Advice = ({ value = "FOLDER" }) =>
  `write root = "${value}" into the file, or  sockwright web ${value}  for that folder alone`;
const whenChanged: Advice = () => "write  sockwright ctl reload  when the file has changed";
const silent: Advice = () => "write > /dev/null";
const asItIs: Advice = () => "leave it out: every event is logged; --log json prints each as an object";
const json: Advice = () => "write --log json";
const owner: Advice = ({ value = "NAME" }) => `write user = "${value}" into the file`;
const group: Advice = ({ value = "NAME" }) => `write group = "${value}" into the file`;
const processId: Advice = () => "it is not offered: sockwright ctl status --json  shows the process id";
const inFile: Advice = () => "it is not offered: write it into the file";
const signal: Advice = ({ value }) =>
  `write  sockwright ctl ${SIGNALS[value ?? ""] ?? "reload"}  from another terminal`;
const noEnvironment: Advice = () => "it is not offered: the file takes no values from the environment";

/** What `nginx -s` sends. */
const SIGNALS: Readonly<Record<string, string>> = { reload: "reload", stop: "stop", quit: "stop" };

/** The flags of nginx, caddy, docker compose and servers of HTTP, and what `up` has instead. */
export const UP_FLAGS: Readonly<Record<string, Advice>> = {
  "-c": fileBehind,
  "--config": fileBehind,
  "-f": fileBehind,
  "--file": fileBehind,
  "-t": testOrTime,
  "-T": check,
  "-n": check,
  "--test": check,
  "--validate": check,
  "--dry-run": check,
  "--timeout": grace,
  "-d": foreground,
  "-D": foreground,
  "--detach": foreground,
  "--daemon": foreground,
  "--background": foreground,
  "-p": portOrFolder,
  "--port": place,
  "-l": place,
  "--listen": place,
  "-b": place,
  "--bind": place,
  "-H": place,
  "--host": place,
  "--address": place,
  "--root": folder,
  "--directory": folder,
  "-w": whenChanged,
  "--watch": whenChanged,
  "--reload": whenChanged,
  "-s": signal,
  "--signal": signal,
  "-q": silent,
  "--quiet": silent,
  "--silent": silent,
  "-v": asItIs,
  "--verbose": asItIs,
  "--debug": asItIs,
  "--log-level": asItIs,
  "--json": json,
  "-u": owner,
  "--user": owner,
  "--group": group,
  "--pid": processId,
  "--pidfile": processId,
  "-g": inFile,
  "-e": noEnvironment,
  "--env-file": noEnvironment,
  "--envfile": noEnvironment,
  "--socket": ({ value = "PATH" }) => `write [admin] socket = "${value}" into the file`,
};

const file: Advice = ({ value = "FILE" }) => `write --file ${value}`;
const socket: Advice = ({ value = "PATH" }) => `write --socket ${value}`;
const noPort: Advice = () => "it has no port: the admin socket is a file, --socket PATH";
const asJson: Advice = () => "write --json";
const again: Advice = ({ operands: [command = "status"] }) => `write  watch sockwright ctl ${command}`;
const isForced: Advice = () =>
  "leave it out: kill closes a connection at once; stop waits for the grace time, a second SIGTERM does not";

/** The flags of nginx, systemctl, supervisorctl and docker, and what `ctl` has instead. */
export const CTL_FLAGS: Readonly<Record<string, Advice>> = {
  "-c": file,
  "--config": file,
  "-f": file,
  "-s": (typed) => (Object.hasOwn(SIGNALS, typed.value ?? "") ? signal(typed) : socket(typed)),
  "-S": socket,
  "--sock": socket,
  "--unix-socket": socket,
  "-p": noPort,
  "--port": noPort,
  "-H": noPort,
  "--host": noPort,
  "--address": noPort,
  "-o": asJson,
  "--output": asJson,
  "--format": asJson,
  "-w": again,
  "--watch": again,
  "--force": isForced,
  "-9": isForced,
  "-a": () => "leave it out: all are shown",
  "--all": () => "leave it out: all are shown",
  "-q": silent,
  "--quiet": silent,
};

/** The flags that take a value. */
export const UP_VALUES =
  /^-(?:[cfptlbHsug]|-(?:config|file|timeout|port|listen|bind|host|address|root|directory|signal|log-level|user|group|socket))$/;
export const CTL_VALUES = /^-(?:[cfsSpHo]|-(?:config|sock|unix-socket|port|host|address|output|format))$/;

function isNumber(value: string | undefined): value is string {
  return value !== undefined && /^\d{1,5}$/.test(value);
}

/** Returns the operands, with the argument after a flag that takes no value. */
function fileOf({ value, operands }: Parameters<Advice>[0]): readonly string[] {
  return value === undefined ? operands : [value];
}
