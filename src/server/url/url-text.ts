import { wrongType } from "../../socket/values.ts";

/** Makes the error for a mistake in a URL, from what is wrong and what to write instead. */
export type Refuse = (reason: string) => Error;

/** Checks that a URL is text. The error for another value shows the URL that it stands for, such as that of `{ host, port }`. */
export function checkUrlText(given: unknown, argument = "url"): asserts given is string {
  if (typeof given === "string") return;
  throw wrongType(argument, `a socket URL such as ${JSON.stringify(example(given))}`, given);
}

/** The URL for a port, `{ host, port }` or `{ path }`, as `net.connect` takes them, and for a URL object. */
function example(given: unknown): string {
  if (given instanceof URL && /^(?:tcp|udp|unix.*|vsock|fd|systemd|tls|tls\+unix):$/.test(given.protocol))
    return given.href;
  const place: object = typeof given === "object" && given !== null ? given : { port: given };
  const [path, host, port] = ["path", "host", "port"].map((name) => {
    const value: unknown = Object.getOwnPropertyDescriptor(place, name)?.value;
    return value;
  });
  if (typeof path === "string" && path !== "") return `unix:${path}`;
  const name = typeof host === "string" && /^[\w.-]+$/.test(host) ? host : undefined;
  const address = typeof host === "string" && host.includes(":") ? `[${host}]` : (name ?? "127.0.0.1");
  return `tcp://${address}:${isPort(port) ? port : 8000}`;
}

function isPort(port: unknown): boolean {
  const number = typeof port === "string" && /^\d{1,5}$/.test(port) ? Number(port) : port;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 65_535;
}

/** Whether the value is an object with a `url`, as `serve` and `connect` take it. */
export function hasUrl(given: unknown): boolean {
  return typeof given === "object" && given !== null && "url" in given;
}
