/**
 * The typed contract of the addon: each function is one non-blocking system call, and two of them are one for each of many
 * sockets. A number that is not negative is what the call returned; a negative one is the negated errno. A socket is named by its
 * slot and generation; after `close` that pair finds nothing and gives -EBADF.
 */
export interface Kernel {
  socket(family: number, type: number, protocol: number): Handle;
  socketpair(family: number, type: number, protocol: number, handles: Float64Array): number;
  /**
   * Takes an open socket over: O_NONBLOCK and FD_CLOEXEC are set. It stays the caller's when this fails: EEXIST where this
   * process has an owner for it already, in whichever thread, or libuv has it in this one.
   */
  adopt(descriptor: number): Handle;
  /** A duplicate of a descriptor of any kind, close-on-exec; the other one stays the caller's, and is not changed. */
  fromfd(descriptor: number): Handle;
  dup(slot: number, generation: number): Handle;
  fileno(slot: number, generation: number): number;
  detach(slot: number, generation: number, blocking: boolean): number;
  /**
   * Never blocks. With `onClosed`, a socket that lingers is closed in a thread of its own: 1 now, and the call when it is done.
   * Without it, or a thread, it does not linger.
   */
  close(slot: number, generation: number, onClosed?: () => void): number;
  /** The same, and SO_LINGER makes neither a wait nor a reset of it: what was sent arrives, and the end. */
  closeInOrder(slot: number, generation: number): number;
  /** Sets O_NONBLOCK again where another process that shares the socket has cleared it: before accept and connect. */
  unblock(slot: number, generation: number): number;
  /** Whether a program that is executed gets the descriptor: 1 or 0. fcntl(2), FD_CLOEXEC. */
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
   * Receives for `count` sockets, as many transfers of four numbers: slot, generation, offset, length. A length says how much at
   * most; the result takes its place, and the offset says where in the memory it lies. {@link NOT_RECEIVED}: the memory has no
   * room for so much.
   */
  receiveReady(memory: Uint8Array, transfers: Int32Array, count: number): void;
  /** Sends a part of the memory for each of `count` sockets, as many transfers; the result takes the place of the length. */
  sendAll(memory: Uint8Array, transfers: Int32Array, count: number): void;
  /**
   * Receives at most `count` datagrams, up to {@link MAX_DATAGRAMS}: each into `datagramBytes` of the memory and 128 bytes of the
   * addresses, in their order. Of each there are two results: its length, the real one where it was cut, and that of its sockaddr.
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
   * Sends `count` datagrams, up to {@link MAX_DATAGRAMS}. Of each there are four numbers: offset and length in the memory, offset
   * and length of its sockaddr in the addresses. It ends with the first that fails, and gives how many were sent; a negated errno
   * where that was the very first.
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

  /** Bytes of a file, of its descriptor, from `position` on; the file's own position stays where it is. */
  sendfile(slot: number, generation: number, file: number, position: number, length: number): number;
  /**
   * Whether a byte of a file is in memory: 1, or 0 where the file has none there. -EAGAIN: it is to come from the disk, and
   * `sendfile` would wait for it. -EOPNOTSUPP, on old kernels -EINVAL or -ENOSYS: nobody can tell. preadv2(2), RWF_NOWAIT.
   */
  probeFile(file: number, position: number): number;
  /** Where a file is read on, by whoever shares the open file; with `position` that is changed. lseek(2). */
  seekFile(file: number, position?: number): number;
  /**
   * Opens what a path names below the descriptor of a directory, close-on-exec: `flags` are O_*, and `resolve` RESOLVE_* of
   * openat2(2), of which RESOLVE_CACHED gives -EAGAIN where it would have to wait for a disk. At most 4 095 bytes of a path.
   */
  openat2(directory: number, path: string, flags: number, resolve: number): Handle;

  getsockopt(slot: number, generation: number, level: number, option: number, out: Uint8Array): number;
  setsockopt(slot: number, generation: number, level: number, option: number, value: number | Uint8Array): number;

  /** 1 when the text is an address of the family and was written to `out`, else 0. */
  inet_pton(family: number, text: string, out: Uint8Array): number;
  inet_ntop(family: number, bytes: Uint8Array): string | number;
  /** As inet_pton for IPv4, with the short and hexadecimal forms of inet(3). */
  inet_aton(text: string, out: Uint8Array): number;
  if_nametoindex(name: string): number;
  if_indextoname(index: number): string | number;
  if_nameindex(): readonly (readonly [index: number, name: string])[] | number;

  // What may wait for a name server runs in one of libuv's threads, and calls back once: unless it gives a negated errno, and
  // then never. The host and the service of getaddrinfo may be undefined.
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

  /** The port, or a negated errno: ENOENT where there is none. */
  getservbyname(name: string, protocol?: string): number;
  getservbyport(port: number, protocol?: string): string | number;
  getprotobyname(name: string): number;

  /** Starts the poller: `dispatch(count)` is called for each portion of a turn, with `count` records of three in `records`. */
  start(dispatch: (count: number) => void, records: Int32Array): number;
  /** What epoll reports of the slot from now on, as EPOLL* bits; 0 takes it out. */
  watch(slot: number, generation: number, interest: number): number;
  setReferenced(referenced: boolean): void;
  poll(slot: number, generation: number, events: number): number;

  readonly constants: readonly Constant[];
}

/** What the compiled addon exports: the {@link Kernel}, with the numbers of recv and send in memory that both share. */
export interface Addon extends Omit<Kernel, "recv" | "send"> {
  readonly transferFrame: Int32Array;
  recv(buffer: Uint8Array): void;
  send(data: Uint8Array): void;
}

/**
 * What a look-up has come to: 0 and its answer; or another number of netdb.h, an EAI_* of getaddrinfo and getnameinfo, an
 * h_errno of the others, with the errno where one is behind that.
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

/** The result of a transfer of `receiveReady` for which there was no room: native/calls_batches.cc. */
export const NOT_RECEIVED = -(2 ** 31);

/** So many datagrams `recvmmsg` and `sendmmsg` move at most: native/calls_datagrams.cc. */
export const MAX_DATAGRAMS = 32;

const SLOTS = 2 ** 24;

/** The slot of a handle: an index into every per-socket table. */
export function slotOf(handle: Handle): number {
  return handle % SLOTS;
}

export function handleOf(slot: number, generation: number): Handle {
  return generation * SLOTS + slot;
}

/** The generation of a handle: which of a slot's successive sockets is meant. */
export function generationOf(handle: Handle): number {
  return Math.floor(handle / SLOTS);
}
