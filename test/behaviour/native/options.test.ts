// Some options count in units other than bytes, take the number of entries from the value, or contain a pointer.
// None of them lets a call from JavaScript reach memory outside its view.
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { expect, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { AF_INET, SOCK_DGRAM, SOL_SOCKET } from "../../../src/socket/constants.ts";
import { encodeControl } from "../../../src/socket/control-message.ts";
import { requireTool } from "../../support/tools.ts";
import { addressRoom, closedAtTheEnd, type Key, loopback, open } from "./descriptors.ts";

const GUARD = 0xa5;
const SO_GET_FILTER = 26;

/** Calls getsockopt with room for `bytes` bytes, and expects no write beyond them. Returns its result. */
function getGuarded(key: Key, level: number, option: number, bytes: number, content: readonly number[] = []): number {
  const memory = new Uint8Array(bytes + 65_536).fill(GUARD);
  memory.set(content);
  const result = kernel.getsockopt(...key, level, option, memory.subarray(0, bytes));
  expect(memory.subarray(bytes).every((byte) => byte === GUARD)).toBe(true);
  return result;
}

// socket(7), SO_GET_FILTER: the length counts blocks of eight bytes (net/core/filter.c, sk_get_filter).
test("an option that counts in blocks writes nothing beyond its room", (context) => {
  const python = requireTool(context, "python3");
  const key = open(AF_INET, SOCK_DGRAM);
  const { status, stderr } = spawnSync(python, ["-c", ATTACH_FILTER_OF_64], {
    stdio: [kernel.fileno(...key), "ignore", "pipe"],
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const bytes of [0, 1, 63, 64, 65, 511, 512, 4096]) getGuarded(key, SOL_SOCKET, SO_GET_FILTER, bytes);
  // With enough room it is returned whole, with its length in bytes; with less room the kernel returns EINVAL.
  const room = new Uint8Array(1_000);
  expect(kernel.getsockopt(...key, SOL_SOCKET, SO_GET_FILTER, room)).toBe(64 * 8);
  expect([...room.subarray(63 * 8, 64 * 8), room[64 * 8]]).toEqual([6, 0, 0, 0, 255, 255, 255, 255, 0]);
  expect(kernel.getsockopt(...key, SOL_SOCKET, SO_GET_FILTER, room.subarray(0, 511))).toBe(-constants.errno.EINVAL);
});

const ATTACH_FILTER_OF_64 = `
import ctypes, socket, struct
program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xffffffff) * 64)
attached = socket.socket(fileno=0)
attached.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 64, ctypes.addressof(program)))
attached.detach()
`;

// ip(7): struct ip_msfilter itself states the number of sources that fit (net/ipv4/igmp.c, ip_mc_msfget).
test("an option whose value states its room writes nothing beyond its real room", () => {
  const key = open(AF_INET, SOCK_DGRAM);
  const [IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, IP_MSFILTER] = [0, 39, 41];
  const [group, local] = [
    [239, 255, 1, 2],
    [127, 0, 0, 1],
  ];
  for (let source = 1; source <= 8; source++) {
    const membership = Uint8Array.from([...group, ...local, 127, 0, 0, source]);
    expect(kernel.setsockopt(...key, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, membership)).toBe(0);
  }
  const MCAST_INCLUDE = [1, 0, 0, 0];
  for (const claimed of [0, 1, 8, 200]) {
    getGuarded(key, IPPROTO_IP, IP_MSFILTER, 16, [...group, ...local, ...MCAST_INCLUDE, claimed, 0, 0, 0]);
  }
});

// include/uapi/linux/tcp.h, struct tcp_zerocopy_receive: the kernel copies to copybuf_address.
test("an option whose value contains an address writes nothing to that address", async () => {
  const key = await connectedWithData();
  const [IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, COPYBUF_ADDRESS, COPYBUF_LENGTH] = [6, 35, 24, 32];
  const value = new DataView(new ArrayBuffer(64));
  value.setBigUint64(COPYBUF_ADDRESS, 0x1000n, true);
  value.setInt32(COPYBUF_LENGTH, 65_536, true);
  // EFAULT would mean that the kernel tried to copy.
  const result = kernel.getsockopt(...key, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, new Uint8Array(value.buffer));
  expect(result).not.toBe(-constants.errno.EFAULT);
  expect(kernel.recv(...key, new Uint8Array(64), 0, 64, 0)).toBe(5);
});

/** A connected TCP socket with five bytes to read. */
async function connectedWithData(): Promise<Key> {
  const listener = open();
  kernel.bind(...listener, loopback(0));
  kernel.listen(...listener, 1);
  const room = addressRoom();
  kernel.getsockname(...listener, room);
  const client = open();
  kernel.connect(...client, room.slice(4, 20));
  const accepted = closedAtTheEnd(kernel.accept(...listener, addressRoom()));
  kernel.send(...accepted, new Uint8Array(5), 0, 5, 0);
  return client;
}

// struct sock_fprog and struct ipt_replace contain a pointer to memory that the kernel reads or writes.
test.each([
  ["SO_ATTACH_FILTER", AF_INET, SOL_SOCKET, 26],
  ["SO_ATTACH_REUSEPORT_CBPF", AF_INET, SOL_SOCKET, 51],
  ["IPT_SO_SET_REPLACE", AF_INET, 0, 64],
  ["IP6T_SO_SET_REPLACE", 10, 41, 64],
  ["ARPT_SO_SET_REPLACE", AF_INET, 0, 96],
  ["EBT_SO_SET_ENTRIES", AF_INET, 0, 128],
  ["EBT_SO_SET_COUNTERS", AF_INET, 0, 129],
  ["PACKET_FANOUT_DATA", AF_INET, 263, 22],
  ["XDP_UMEM_REG", AF_INET, 283, 4],
  ["RDS_GET_MR", AF_INET, 276, 2],
  ["RDS_GET_MR_FOR_DEST", AF_INET, 276, 7],
] as const)(
  "an option whose value has a pointer is refused before the system sees it: %s",
  (_name, family, level, option) => {
    const key = open(family, SOCK_DGRAM);
    const value = new Uint8Array(16).fill(1);
    const outcome = ((): unknown => {
      try {
        return kernel.setsockopt(...key, level, option, value);
      } catch (error) {
        return error instanceof TypeError ? "TypeError" : error;
      }
    })();
    expect([-constants.errno.EOPNOTSUPP, "TypeError"]).toContain(outcome);
  },
);

// linux/rds.h: struct rds_rdma_args, rds_get_mr_args and rds_atomic_args.
test.each([1, 3, 5, 6, 8, 9])("a control message whose data has a pointer is refused as well: SOL_RDS, %i", (type) => {
  const key = open(AF_INET, SOCK_DGRAM);
  const SOL_RDS = 276;
  const plain = { level: SOL_SOCKET, type: 0x7fff, data: new Uint8Array(4) };
  const control = (level: number): Uint8Array => encodeControl([plain, { level, type, data: new Uint8Array(64) }]);
  const send = (level: number): number => kernel.sendmsg(...key, [new Uint8Array(1)], 0, loopback(9), control(level));
  expect(send(SOL_RDS)).toBe(-constants.errno.EOPNOTSUPP);
  expect(send(SOL_RDS + 1)).not.toBe(-constants.errno.EOPNOTSUPP);
});
