/**
 * The functions of the addon. Each makes one non-blocking system call; `receiveReady` and `sendAll` make one for each of many
 * sockets. A result that is not negative is the call's own; a negative one is the negated errno. A slot and a generation
 * identify a socket; after `close` that pair is invalid and every call returns -EBADF.
 */
export interface Kernel {
  socket(family: number, type: number, protocol: number): Handle;
  socketpair(family: number, type: number, protocol: number, handles: Float64Array): number;
  /**
   * Takes over an open socket and sets O_NONBLOCK and FD_CLOEXEC. When it fails, the descriptor stays the caller's. EEXIST:
   * this process already has an owner for it, in any thread, or libuv has it in this thread.
   */
  adopt(descriptor: number): Handle;
  /** Duplicates a descriptor of any kind, close-on-exec. The original stays the caller's and does not change. */
  fromfd(descriptor: number): Handle;
  dup(slot: number, generation: number): Handle;
  fileno(slot: number, generation: number): number;
  detach(slot: number, generation: number, blocking: boolean): number;
  /**
   * Closes the socket and never blocks. With `onClosed`, a thread closes a socket that lingers: the call returns 1 at once, and
   * `onClosed` is called when the close is complete. Without `onClosed`, or when no thread can be started, the socket does not
   * linger.
   */
  close(slot: number, generation: number, onClosed?: () => void): number;
  /**
   * Closes the socket in order, whatever SO_LINGER says: it neither waits nor resets, and the peer receives what was sent and
   * then the end.
   */
  closeInOrder(slot: number, generation: number): number;
  /** Sets O_NONBLOCK again, before accept and connect, since another process that shares the socket may have cleared it. */
  unblock(slot: number, generation: number): number;
  /** Returns 1 when an executed program inherits the descriptor, else 0. fcntl(2), FD_CLOEXEC. */
  getInheritable(slot: number, generation: number): number;
  setInheritable(slot: number, generation: number, inheritable: boolean): number;
  openDescriptors(): number;

  bind(slot: number, generation: number, address: Uint8Array): number;
  listen(slot: number, generation: number, backlog: number): number;
  accept(slot: number, generation: number, address: Uint8Array): Handle;
  connect(slot: number, generation: number, address: Uint8Array): number;
  shutdown(slot: number, generation: number, how: number): number;
  getsockname(slot: number, generation: number, address: Uint8Array): number;
  getpeername(slot: number, generation: number, address: Uint8Array): number;

  recv(slot: number, generation: number, buffer: Uint8Array, offset: number, length: number, flags: number): number;
  send(slot: number, generation: number, data: Uint8Array, offset: number, length: number, flags: number): number;
  recvfrom(
    slot: number,
    generation: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
  ): number;
  sendto(
    slot: number,
    generation: number,
    data: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
  ): number;
  /**
   * Receives for `count` sockets. A transfer has four numbers: slot, generation, offset, length. The length is the maximum to
   * receive; the result replaces it, and the offset says where in the memory the bytes are. {@link NOT_RECEIVED}: the memory
   * had no space left for this transfer.
   */
  receiveReady(memory: Uint8Array, transfers: Int32Array, count: number): void;
  /** Sends a part of the memory for each of `count` transfers; each result replaces the length of its transfer. */
  sendAll(memory: Uint8Array, transfers: Int32Array, count: number): void;
  /**
   * Receives at most `count` datagrams, up to {@link MAX_DATAGRAMS}. Each gets `datagramBytes` of the memory and 128 bytes of
   * the addresses, in order. Each has two results: its length (the real one when the datagram was cut) and the length of its
   * sockaddr.
   */
  recvmmsg(
    slot: number,
    generation: number,
    memory: Uint8Array,
    addresses: Uint8Array,
    results: Int32Array,
    count: number,
    datagramBytes: number,
  ): number;
  /**
   * Sends `count` datagrams, up to {@link MAX_DATAGRAMS}. Each has four numbers: offset and length in the memory, offset and
   * length of its sockaddr in the addresses. It stops at the first that fails and returns how many were sent, or a negated
   * errno when the first one fails.
   */
  sendmmsg(
    slot: number,
    generation: number,
    memory: Uint8Array,
    addresses: Uint8Array,
    messages: Int32Array,
    count: number,
  ): number;
  sendmsg(
    slot: number,
    generation: number,
    buffers: readonly Uint8Array[],
    flags: number,
    address?: Uint8Array,
    control?: Uint8Array,
  ): number;
  recvmsg(
    slot: number,
    generation: number,
    buffers: readonly Uint8Array[],
    flags: number,
    results: Uint8Array,
    control?: Uint8Array,
  ): number;

  /** Sends bytes of the file from `position` on, and does not move the file's own position. */
  sendfile(slot: number, generation: number, file: number, position: number, length: number): number;
  /**
   * Returns 1 when this byte of the file is in memory, and 0 when the file has no byte there. -EAGAIN: the byte must be read
   * from the disk, and `sendfile` would wait for it. -EOPNOTSUPP, on old kernels -EINVAL or -ENOSYS: the kernel cannot tell.
   * preadv2(2), RWF_NOWAIT.
   */
  probeFile(file: number, position: number): number;
  /** Returns the position of the open file, which all its descriptors share; with `position`, sets it first. lseek(2). */
  seekFile(file: number, position?: number): number;
  /**
   * Opens a path below a directory's descriptor, close-on-exec. `flags` are O_*; `resolve` are RESOLVE_* of openat2(2): with
   * RESOLVE_CACHED the call returns -EAGAIN where it would wait for a disk. A path has at most 4 095 bytes.
   */
  openat2(directory: number, path: string, flags: number, resolve: number): Handle;

  getsockopt(slot: number, generation: number, level: number, option: number, out: Uint8Array): number;
  setsockopt(slot: number, generation: number, level: number, option: number, value: number | Uint8Array): number;

  /** Writes the address to `out` and returns 1, or returns 0 when the text is no address of the family. */
  inet_pton(family: number, text: string, out: Uint8Array): number;
  inet_ntop(family: number, bytes: Uint8Array): string | number;
  /** Like inet_pton for IPv4, and also accepts the short and hexadecimal forms of inet(3). */
  inet_aton(text: string, out: Uint8Array): number;
  if_nametoindex(name: string): number;
  if_indextoname(index: number): string | number;
  if_nameindex(): readonly (readonly [index: number, name: string])[] | number;

  // A call that may wait for a name server runs in a thread of libuv's pool and calls back once. When it returns a negated
  // errno it never calls back. The host and the service of getaddrinfo may be undefined.
  getaddrinfo(
    host: string | undefined,
    service: string | undefined,
    family: number,
    type: number,
    protocol: number,
    flags: number,
    callback: LookupCallback<readonly FoundAddress[]>,
  ): number;
  getnameinfo(
    address: Uint8Array,
    flags: number,
    callback: LookupCallback<readonly [host: string, service: string]>,
  ): number;
  gethostbyname(name: string, family: number, callback: LookupCallback<HostEntry>): number;
  gethostbyaddr(family: number, bytes: Uint8Array, callback: LookupCallback<HostEntry>): number;

  /** Returns the port, or a negated errno: ENOENT where there is no such service. */
  getservbyname(name: string, protocol?: string): number;
  getservbyport(port: number, protocol?: string): string | number;
  getprotobyname(name: string): number;

  /**
   * Starts the poller. It calls `dispatch(count)` for each portion of a turn, with `count` records of three numbers in
   * `records`.
   */
  start(dispatch: (count: number) => void, records: Int32Array): number;
  /** Sets the EPOLL* events that epoll reports for the slot; 0 removes the slot from epoll. */
  watch(slot: number, generation: number, interest: number): number;
  /** Returns the poller's epoll descriptor, or -EBADF before the poller has started. */
  pollerDescriptor(): number;
  setReferenced(referenced: boolean): void;
  poll(slot: number, generation: number, events: number): number;

  readonly constants: readonly Constant[];
}

/** The exports of the compiled addon: the {@link Kernel}, except that recv and send pass their numbers in shared memory. */
export interface Addon extends Omit<Kernel, "recv" | "send"> {
  readonly transferFrame: Int32Array;
  recv(buffer: Uint8Array): void;
  send(data: Uint8Array): void;
}

/**
 * Receives the result of a look-up: status 0 and the answer; or another number of netdb.h (an EAI_* of getaddrinfo and
 * getnameinfo, an h_errno of the others) and the errno behind it, where there is one.
 */
export type LookupCallback<Answer> = (status: number, errno: number, answer: Answer | undefined) => void;

/** struct addrinfo. `canonname` is "" where there is none. */
export interface FoundAddress {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly canonname: string;
  readonly sockaddr: Uint8Array;
}

/** struct hostent: its addresses as text. */
export type HostEntry = readonly [name: string, aliases: readonly string[], addresses: readonly string[]];

/** generation * 2^24 + slot, or a negated errno. */
export type Handle = number;

/** One row of the constants table. */
interface Constant {
  readonly name: string;
  readonly value: number;
  readonly manual: string;
}

/** The result of a `receiveReady` transfer for which the memory had no space left: native/calls_batches.cc. */
export const NOT_RECEIVED = -(2 ** 31);

/**
 * The most datagrams that one call of `recvmmsg` or `sendmmsg` moves; more need further calls. See native/calls_datagrams.cc.
 */
export const MAX_DATAGRAMS = 32;

const SLOTS = 2 ** 24;

/** The slot of a handle: an index into every per-socket table. */
export function slotOf(handle: Handle): number {
  return handle % SLOTS;
}

export function handleOf(slot: number, generation: number): Handle {
  return generation * SLOTS + slot;
}

/** The generation of a handle: it tells apart the successive sockets of one slot. */
export function generationOf(handle: Handle): number {
  return Math.floor(handle / SLOTS);
}
