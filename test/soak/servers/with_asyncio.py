"""The same server with the streams of Python's asyncio. Usage: with_asyncio.py WRITE_TIMEOUT_MS"""
import asyncio
import collections
import errno
import gc
import json
import logging
import os
import signal
import sys
import time

CHUNK_BYTES = 16 * 1024
POURED_CHUNKS = 512
CARELESS_CHUNKS = 2048
READ_BYTES = 64 * 1024
CODES = {ConnectionResetError: "ECONNRESET", BrokenPipeError: "EPIPE"}

write_timeout = int(sys.argv[1]) / 1000 or None
counts = {"opened": 0, "closed": 0, "backpressure": 0, "acceptErrors": 0}
endings = collections.Counter()
lateness_ms = []


class AcceptErrors(logging.Handler):
    """asyncio reports a failed accept only in its log."""

    def emit(self, record):
        if "accept" in record.getMessage():
            counts["acceptErrors"] += 1


logging.getLogger("asyncio").addHandler(AcceptErrors())
logging.getLogger("asyncio").propagate = False


def chunk():
    return b"p" * CHUNK_BYTES


async def drain(writer):
    counts["backpressure"] += writer.transport.get_write_buffer_size() > 64 * 1024
    await asyncio.wait_for(writer.drain(), write_timeout)


async def answer(reader, writer):
    what = await reader.read(1)
    if what == b"p":
        for _ in range(POURED_CHUNKS):
            writer.write(chunk())
            await drain(writer)
    elif what == b"c":
        for _ in range(CARELESS_CHUNKS):
            writer.write(chunk())
        await writer.drain()
    else:
        while data := await reader.read(READ_BYTES):
            if what == b"e":
                writer.write(data)
                await writer.drain()


async def session(reader, writer):
    counts["opened"] += 1
    how = "end"
    try:
        await answer(reader, writer)
        writer.close()
        await writer.wait_closed()
    except asyncio.TimeoutError:
        how = "ETIMEDOUT"
    except OSError as error:
        # "Connection lost" comes without an errno.
        how = CODES.get(type(error)) or errno.errorcode.get(error.errno, "OSError")
    finally:
        if how != "end":
            writer.transport.abort()
        counts["closed"] += 1
        endings[how] += 1


async def watch():
    while True:
        due = time.monotonic() + 0.001
        await asyncio.sleep(0.001)
        lateness_ms.append((time.monotonic() - due) * 1000)


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def tally():
    """Figures that need no free descriptor."""
    return {**counts, "cpuMs": time.process_time() * 1000, "endings": endings}


def figures():
    late, lateness_ms[:] = lateness_ms[:], []
    return {
        **tally(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "slots": 0,
        "timers": 0,
        "residentBytes": resident_bytes(),
        "liveBytes": 0,
        "latenessMs": late,
    }


async def main():
    server = await asyncio.start_server(session, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    questions = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR2, lambda: None)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
    watching = None
    while question := await questions.readline():
        if question == b"settle\n":
            gc.collect()
        if question == b"watch\n":
            watching = watching or asyncio.create_task(watch())
        print(json.dumps(tally() if question == b"tally\n" else figures()), flush=True)
    os._exit(0)


asyncio.run(main())
