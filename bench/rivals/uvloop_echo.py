"""asyncio's Protocol on uvloop, which sets TCP_NODELAY itself.

Usage: uvloop_echo.py echo|pipeline
       uvloop_echo.py bulk BYTES      so much of one buffer for each request
"""

import asyncio
import sys

import uvloop

MESSAGE_BYTES = 64


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class PipelinedEcho(Echo):
    def data_received(self, data):
        for at in range(0, len(data), MESSAGE_BYTES):
            self.transport.write(data[at : at + MESSAGE_BYTES])


class Bulk(Echo):
    page = bytes(place % 251 for place in range(int(sys.argv[2]))) if len(sys.argv) > 2 else b""

    def data_received(self, data):
        self.transport.write(self.page)


async def main(protocol):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.install()
asyncio.run(main({"pipeline": PipelinedEcho, "bulk": Bulk}.get(sys.argv[1], Echo)))
