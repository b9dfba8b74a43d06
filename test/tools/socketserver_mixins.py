"""Traces the hooks of a server with ThreadingMixIn or ForkingMixIn, as Python's socketserver calls them.

usage: socketserver_mixins.py SERVER CASE
SERVER is a class such as ForkingUnixStreamServer; CASE is serve, refuse, throw, throw-in-setup, handle or timeout. It prints
one line of JSON: the hooks called in the loop, those in the task of each request, and those in each child process, in order.
"""

import json
import os
import socket
import socketserver
import sys
import tempfile
import threading

for kind in ("Stream", "Datagram"):
    name = f"ForkingUnix{kind}Server"
    if not hasattr(socketserver, name):
        bases = (socketserver.ForkingMixIn, getattr(socketserver, f"Unix{kind}Server"))
        setattr(socketserver, name, type(name, bases, {}))

SERVER, CASE = sys.argv[1:]
PARENT = os.getpid()
FOLDER = tempfile.TemporaryDirectory()
CHILD_LOG = os.path.join(FOLDER.name, "child")
traces = {"loop": [], "tasks": [], "children": []}
own = threading.local()

HOOKS = """server_bind server_activate server_close get_request verify_request process_request
process_request_thread finish_request shutdown_request close_request handle_error handle_timeout service_actions
collect_children""".split()


def note(hook):
    if os.getpid() != PARENT:
        with open(CHILD_LOG, "a", encoding="ascii") as log:
            log.write(f"{os.getpid()} {hook}\n")
        return
    getattr(own, "trace", traces["loop"]).append(hook)


def traced(hook, original):
    def call(self, *args, **options):
        if hook == "process_request_thread":
            own.trace = []
            traces["tasks"].append(own.trace)
        note(hook)
        if hook == "verify_request" and CASE == "refuse":
            return False
        return None if hook == "handle_error" else original(self, *args, **options)

    return call


base = getattr(socketserver, SERVER)
is_stream = base.socket_type == socket.SOCK_STREAM
is_unix = base.address_family == socket.AF_UNIX
Server = type("Server", (base,), {hook: traced(hook, getattr(base, hook)) for hook in HOOKS if hasattr(base, hook)})


class Handler(socketserver.StreamRequestHandler if is_stream else socketserver.DatagramRequestHandler):
    def setup(self):
        note("setup")
        super().setup()
        if CASE == "throw-in-setup":
            raise ValueError("thrown")

    def handle(self):
        note("handle")
        if CASE == "throw":
            raise ValueError("thrown")
        self.wfile.write(self.rfile.readline())

    def finish(self):
        note("finish")
        super().finish()


def path(name):
    return os.path.join(FOLDER.name, name)


def ask(address):
    """One request, until the server has handled it."""
    with socket.socket(base.address_family, base.socket_type) as client:
        if is_unix and not is_stream:
            client.bind("")
        if is_stream:
            client.connect(address)
            try:
                client.sendall(b"hello\n")
                client.shutdown(socket.SHUT_WR)
                while client.recv(100):
                    pass
            except OSError:
                pass  # refused, or the handler failed
        else:
            client.sendto(b"hello\n", address)
            if CASE in ("serve", "handle", "throw"):
                client.recv(100)


server = Server(path("socket") if is_unix else ("127.0.0.1", 0), Handler)
if CASE == "timeout":
    server.timeout = 0.001
    server.handle_request()
elif CASE == "serve":
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.5})
    serving.start()
    for _ in range(2):
        ask(server.server_address)
    server.shutdown()
    serving.join()
else:
    asking = threading.Thread(target=ask, args=(server.server_address,))
    asking.start()
    server.handle_request()
    asking.join()
server.server_close()
if os.path.exists(CHILD_LOG):
    children = {}
    with open(CHILD_LOG, encoding="ascii") as log:
        for line in log:
            pid, hook = line.split()
            children.setdefault(pid, []).append(hook)
    traces["children"] = list(children.values())
FOLDER.cleanup()
print(json.dumps(traces))
