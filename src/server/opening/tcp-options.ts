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

/** What a TCP socket, or a listener and so its connections, is told. */
export interface TcpOptions {
  readonly keepAliveMs?: number | undefined;
  readonly userTimeoutMs?: number | undefined;
  readonly noDelay?: boolean | undefined;
}

/**
 * Sets them all, also to the kernel's defaults where nothing was said; tcp(7): what a listener has is inherited by its
 * connections. The question whether the peer lives is asked again as often as it is asked first, as Go has it: with the 75 s of
 * Linux a peer that is gone would be noticed ten minutes later. Sockets of other kinds have none of these options.
 *
 * @param isInherited - whoever opened the socket may have set the first two, such as KeepAlive= of systemd.socket(5): what was not
 * said stays as it is.
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
