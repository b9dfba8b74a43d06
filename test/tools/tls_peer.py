"""One side of a TLS connection, with Python's ssl.

tls_peer.py client PORT CA VERSION ORDER SIZE
tls_peer.py server CERT KEY VERSION ORDER SIZE

ORDER says which direction ends first. `first`: it sends SIZE random bytes and close_notify, and then reads to the end.
`last`: it reads to the end, and then sends. `both`: it does both at once, with asyncio. Prints the length and the SHA-256 of what
it has sent and received. An end without close_notify is an error.
"""

import asyncio
import hashlib
import os
import socket
import ssl
import sys

PIECE = 1 << 16


def context_of(side, version):
    if side == "client":
        context = ssl.create_default_context(cafile=sys.argv[3])
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.minimum_version = context.maximum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
    return context


def say(what, size, digest):
    print(what, size, digest.hexdigest(), flush=True)


def pieces(size):
    for start in range(0, size, PIECE):
        yield os.urandom(min(PIECE, size - start))


def send(sock, size):
    digest = hashlib.sha256()
    for piece in pieces(size):
        digest.update(piece)
        sock.sendall(piece)
    say("sent", size, digest)


def recv(sock):
    try:
        return sock.recv(PIECE)
    except ssl.SSLZeroReturnError:
        # The peer's close_notify, where this side has sent its own: Python then does not return b"".
        return b""


def receive(sock):
    digest = hashlib.sha256()
    count = 0
    while part := recv(sock):
        digest.update(part)
        count += len(part)
    say("received", count, digest)


def talk(sock, order, size):
    if order == "first":
        send(sock, size)
        # Without waiting for the peer's close_notify: what it still sends can then be read.
        sock.setblocking(False)
        try:
            sock.unwrap()
        except ssl.SSLWantReadError:
            pass
        sock.setblocking(True)
        receive(sock)
    else:
        receive(sock)
        send(sock, size)
        sock.unwrap()
    sock.close()


async def talk_at_once(reader, writer, size):
    async def receive_all():
        digest = hashlib.sha256()
        count = 0
        while count < size:
            part = await reader.read(PIECE)
            if not part:
                break
            digest.update(part)
            count += len(part)
        say("received", count, digest)

    async def send_all():
        digest = hashlib.sha256()
        for piece in pieces(size):
            digest.update(piece)
            writer.write(piece)
            await writer.drain()
        say("sent", size, digest)

    await asyncio.gather(receive_all(), send_all())
    writer.close()
    await writer.wait_closed()


async def at_once(side, context, size):
    if side == "client":
        reader, writer = await asyncio.open_connection("localhost", int(sys.argv[2]), family=socket.AF_INET, ssl=context)
        await talk_at_once(reader, writer, size)
        return
    done = asyncio.Event()

    async def serve(reader, writer):
        await talk_at_once(reader, writer, size)
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await done.wait()


def main():
    side, version, order, size = sys.argv[1], sys.argv[4], sys.argv[5], int(sys.argv[6])
    context = context_of(side, version)
    if order == "both":
        asyncio.run(at_once(side, context, size))
    elif side == "client":
        sock = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
        talk(context.wrap_socket(sock, server_hostname="localhost", suppress_ragged_eofs=False), order, size)
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            print("port", listener.getsockname()[1], flush=True)
            sock, _ = listener.accept()
            talk(context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False), order, size)


if __name__ == "__main__":
    main()
