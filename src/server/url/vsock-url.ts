/** The parsed URL of a stream socket between a virtual machine and its host, vsock(7). */
export interface VsockUrl {
  readonly scheme: "vsock";
  /** The context id of the machine: 2 is the host. 0xffffffff (VMADDR_CID_ANY, `*` in a URL), for listeners only, means every CID of this machine. */
  readonly cid: number;
  /** 0 to 4 294 967 294; a listener on 0 gets a free port. */
  readonly port: number;
}

/** VMADDR_CID_ANY of vsock(7). It is repeated here, since URLs do not need the addon. */
export const ANY_CID = 0xffff_ffff;
const LAST_PORT = 0xffff_fffe;

/** Parses the part of a URL after the scheme's colon: `//CID:PORT`. */
export function parseVsock(place: string, refuse: (reason: string) => Error): VsockUrl {
  // systemd.socket(5) and socat write no slashes, and no CID for any.
  const [, given, bare] = /^([^/:]*):(\d+)$/.exec(place) ?? [];
  if (bare !== undefined) throw refuse(`lacks the slashes: write vsock://${given === "" ? "*" : given}:${bare}`);
  const [, cid, port] = /^\/\/([^:/]*)(?::([^/]*))?\/?$/.exec(place) ?? [];
  if (cid === undefined) throw refuse("is no address of a machine: write vsock://CID:PORT, as in vsock://2:5000");
  if (port === undefined) throw refuse(`has no port: write vsock://${cid === "" ? "2" : cid}:5000`);
  if (cid === "") throw refuse(`has no CID: write vsock://2:${port} for the host, or vsock://*:${port} for every CID`);
  const cidNumber = cid === "*" ? ANY_CID : numberOf(cid, ANY_CID);
  if (cidNumber === undefined) {
    throw refuse(`has the CID ${JSON.stringify(cid)}: a CID is a number, 1 being this machine and 2 the host, or *`);
  }
  const portNumber = numberOf(port, LAST_PORT);
  if (portNumber === undefined) {
    throw refuse(`has the port ${JSON.stringify(port)}: a port is a number from 0 to ${LAST_PORT}`);
  }
  return { scheme: "vsock", cid: cidNumber, port: portNumber };
}

/** Formats the URL that {@link parseVsock} parses, with its scheme. */
export function formatVsock({ cid, port }: VsockUrl): string {
  return `vsock://${cid === ANY_CID ? "*" : cid}:${port}`;
}

function numberOf(text: string, max: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : max + 1;
  return value > max ? undefined : value;
}
