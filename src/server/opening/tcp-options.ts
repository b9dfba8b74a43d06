import type { Socket } from "../../socket/internal.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../../socket/values.ts";

/** Options of a TCP socket, or of a listener, whose connections inherit them. */
export interface TcpOptions {
  readonly keepAliveMs?: number | undefined;
  readonly userTimeoutMs?: number | undefined;
  readonly noDelay?: boolean | undefined;
}

/**
 * Sets the TCP options of a socket; an option that is not given gets the kernel's default. Accepted connections inherit the
 * options of a listener, tcp(7). The interval between keepalive probes equals the idle time before the first one, as in Go: with
 * Linux's 75 s a dead peer would be noticed ten minutes later. Sockets of other kinds stay as they are.
 *
 * @param isInherited - the program that opened the socket may have set keepalive and user timeout, for instance KeepAlive= of
 * systemd.socket(5). If true, options that are not given stay as they are.
 */
export function setTcpOptions(
  socket: Socket<unknown>,
  { keepAliveMs, userTimeoutMs, noDelay = true }: TcpOptions,
  isInherited = false,
): void {
  if ((socket.family !== AF_INET && socket.family !== AF_INET6) || socket.type !== SOCK_STREAM) return;
  socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, noDelay ? 1 : 0);
  if (keepAliveMs !== undefined || !isInherited) {
    socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, keepAliveMs === undefined ? 0 : 1);
  }
  if (keepAliveMs !== undefined) {
    const seconds = Math.ceil(keepAliveMs / 1_000);
    socket.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    socket.setsockopt(IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  }
  if (userTimeoutMs !== undefined || !isInherited) {
    socket.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeoutMs ?? 0);
  }
}
