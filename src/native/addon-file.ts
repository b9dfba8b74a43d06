import { Buffer } from "node:buffer";
import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** The machine that an addon must have been built for. */
export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  readonly isMusl: boolean;
}

/** The file that `npm run build` writes in a clone, and `node-gyp rebuild -C native` in an installed package. */
const LOCAL_BUILD = "native/build/Release/sockwright.node";
const PREBUILT = ["linux-x64", "linux-arm64"];

/**
 * Returns the path of a package's addon: a local build where there is one, else the prebuilt file that the package contains.
 *
 * @param folder - the folder of the package.
 */
export function addonFile(folder: string, platform: string, architecture: string): string {
  const local = join(folder, LOCAL_BUILD);
  return existsSync(local) ? local : join(folder, "prebuilds", `${platform}-${architecture}.node`);
}

/**
 * Makes the error for an addon that cannot be loaded: its message says why, and how to mend that in the package's folder.
 *
 * @param file - the addon.
 * @param cause - the loader's own error.
 */
export function notLoaded(file: string, folder: string, machine: Machine, cause: unknown): Error {
  const message = `The native addon cannot be loaded from ${file}: ${reason(file, folder, machine, cause)}`;
  return Object.assign(new Error(message, { cause }), { code: "ERR_SOCKWRIGHT_NATIVE" });
}

function reason(file: string, folder: string, machine: Machine, cause: unknown): string {
  const here = `${machine.platform}-${machine.architecture}`;
  if (machine.platform !== "linux") {
    return `it needs Linux, and this is ${here}. "sockwright/server" runs here, too: over node:net, without the addon`;
  }
  return `${fault(file, folder, machine, cause)}. ${cure(folder, machine)}`;
}

function fault(file: string, folder: string, { architecture, isMusl }: Machine, cause: unknown): string {
  const here = `linux-${architecture}`;
  if (!existsSync(file)) {
    if (file !== addonFile(folder, "linux", architecture)) return "SOCKWRIGHT_ADDON names a file that does not exist";
    if (PREBUILT.includes(here)) return `the package has neither a local build nor the prebuilt addon for ${here}`;
    return `there are prebuilt addons for ${PREBUILT.join(" and ")}, and this is ${here}`;
  }
  const header = beginning(file);
  // A file that cannot be read for lack of permission is left to the loader, whose error says so.
  if (header === undefined) return words(cause);
  const target = architectureOf(header);
  if (target === undefined) return "this file is not a shared object of Linux";
  // dlopen(3) would say that there is no such file.
  if (target !== architecture) return `it was built for linux-${target}, and this is ${here}`;
  if (isMusl) return `it does not run with the C library of this system, musl (${words(cause)})`;
  return words(cause);
}

function cure(folder: string, { isMusl }: Machine): string {
  const command = existsSync(join(folder, "scripts/build.mjs")) ? "npm run build" : "npx node-gyp rebuild -C native";
  const install = isMusl ? "apk add python3 make g++" : "apt-get install python3 make g++";
  return `Build it here: \`cd ${quoted(folder)} && ${command}\` (needs python3, make and g++: \`${install}\`)`;
}

/** elf(5): e_machine, two bytes at offset 18. A machine that is not in this table is reported by its number. */
const MACHINES: Readonly<Record<number, string>> = { 3: "ia32", 40: "arm", 62: "x64", 183: "arm64", 243: "riscv64" };
const MAGIC = "\x7fELF";
const MACHINE_OFFSET = 18;
const HEADER_BYTES = MACHINE_OFFSET + 2;

function architectureOf(header: Buffer): string | undefined {
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const machine = header.readUInt16LE(MACHINE_OFFSET);
  return MACHINES[machine] ?? `machine-${machine}`;
}

function beginning(file: string): Buffer | undefined {
  try {
    const descriptor = openSync(file, "r");
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      return header.subarray(0, readSync(descriptor, header));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** Node adds the require stack to the first line. */
function words(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0] ?? "";
}

function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return { platform: process.platform, architecture: process.arch, isMusl: isMusl() };
}

/** The loader of musl is also its C library, so every process has it mapped. */
function isMusl(): boolean {
  try {
    return /\/(?:ld-musl-|libc\.musl-)/.test(readFileSync("/proc/self/maps", "latin1"));
  } catch {
    return false;
  }
}
