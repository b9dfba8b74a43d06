"""asyncio's Protocol on uvloop, which sets TCP_NODELAY itself. Usage: uvloop_echo.py echo|pipeline"""

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


async def main(protocol):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.install()
asyncio.run(main(PipelinedEcho if sys.argv[1:] == ["pipeline"] else Echo))
