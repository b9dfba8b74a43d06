"""Runs subclasses of socketserver's classes and prints which hooks are called, in order.

Arguments: the names of classes as a JSON list, and the cases as a JSON list of objects with
  name      of the case
  run       "handle_request", "serve_forever", "timeout", "by_hand" or "in_use"
  requests  the number of requests
  throws    the hooks that raise
  refuses   whether verify_request returns False
Prints one JSON object: for each class, for each case, the trace.
"""

import contextlib
import errno
import json
import os
import socket
import socketserver
import sys
import tempfile

SERVER_HOOKS = [
    *["server_bind", "server_activate", "server_close", "get_request", "verify_request", "process_request"],
    *["finish_request", "shutdown_request", "close_request", "handle_error", "handle_timeout", "service_actions"],
]
HANDLER_HOOKS = ["setup", "handle", "finish"]


class Failure(Exception):
    pass


def traced(base, names, trace, case):
    """Returns a subclass whose hooks record their calls."""

    def hook(name):
        def call(self, *arguments):
            trace.append(name)
            if name in case["throws"]:
                raise OSError(errno.EIO, "out of order") if name == "get_request" else Failure(name)
            if name == "verify_request" and case["refuses"]:
                return False
            if name == "handle_error":
                return None
            if name == "service_actions" and trace.count(name) >= case["requests"]:
                self._BaseServer__shutdown_request = True
            return getattr(base, name)(self, *arguments)

        return call

    return type("Traced", (base,), {name: hook(name) for name in names})


def run(server_class, case, folder, trace):
    base = getattr(socketserver, server_class)
    is_unix = base.address_family == socket.AF_UNIX
    is_stream = base.socket_type == socket.SOCK_STREAM
    handler_base = socketserver.StreamRequestHandler if is_stream else socketserver.DatagramRequestHandler
    server_type = traced(base, SERVER_HOOKS, trace, case)
    handler_type = traced(handler_base, HANDLER_HOOKS, trace, case)
    address = os.path.join(folder, "server") if is_unix else ("127.0.0.1", 0)

    with contextlib.ExitStack() as stack:
        if case["run"] == "in_use":
            holder = stack.enter_context(socket.socket(base.address_family, base.socket_type))
            holder.bind(address)
            address = holder.getsockname()
            if is_stream:
                holder.listen()
        server = server_type(address, handler_type, case["run"] != "by_hand")
        stack.callback(server.server_close)
        if case["run"] == "by_hand":
            server.server_bind()
            server.server_activate()
        if case["run"] == "timeout":
            server.timeout = 0.01
            server.handle_request()
            return
        for number in range(case["requests"]):
            client = stack.enter_context(socket.socket(base.address_family, base.socket_type))
            if is_unix and not is_stream:
                client.bind(os.path.join(folder, f"client-{number}"))
            client.connect(server.server_address)
            client.send(b"hello\n")
        if case["run"] == "serve_forever":
            server.serve_forever(60)
            return
        for _ in range(case["requests"]):
            server.handle_request()


def trace_of(server_class, case):
    trace = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(server_class, case, folder, trace)
        except Failure as failure:
            trace.append(f"raised by {failure}")
        except OSError as error:
            trace.append(f"raised {errno.errorcode[error.errno]}")
    return trace


def main():
    classes, cases = map(json.loads, sys.argv[1:])
    print(json.dumps({name: {case["name"]: trace_of(name, case) for case in cases} for name in classes}))


main()
