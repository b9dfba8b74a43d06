"""The static page server of the tutorials: web-server.py PORT

One recv is one request, and one request is all that a connection has.
"""

import html
import os
import re
import socket
import sys
import threading

PAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/pages")
COMMAND = "node dist/examples/web-server.js 8080"


class HttpServer:
    def __init__(self, port):
        self.server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("127.0.0.1", port))

    def start(self):
        self.server.listen(128)
        print(f"服务启动,访问地址为: localhost:{self.server.getsockname()[1]}", flush=True)
        while True:
            peer, address = self.server.accept()
            threading.Thread(target=self.answer, args=(peer, address), daemon=True).start()

    def stop(self):
        self.server.close()

    def answer(self, peer, address):
        with peer:
            request = peer.recv(1024).decode("utf-8", "replace")
            if not request:
                print(f"{address[0]}:{address[1]}即将关闭!", flush=True)
                return
            found = re.match(r"\w+ +(/[^ ]*)", request)
            if found and found.group(1) == "/go":
                status, page = "200 OK", self.page("welcome.html")
                page = page.replace("{{content}}", html.escape(address[0]))
            else:
                status, page = "404 Not Found", self.page("other.zh.html")
            peer.sendall(f"HTTP/1.1 {status}\r\nServer: PWS1.0\r\n\r\n{page}".encode())

    def page(self, name):
        with open(os.path.join(PAGES, name), encoding="utf-8") as file:
            return file.read()


def main():
    if len(sys.argv) != 2:
        print(f"参数有误,需要格式为 {COMMAND}")
    elif not sys.argv[1].isdigit():
        print(f"执行命令如下: {COMMAND}")
    else:
        server = HttpServer(int(sys.argv[1]))
        try:
            server.start()
        except KeyboardInterrupt:
            server.stop()


main()
