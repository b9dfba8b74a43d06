"""Sends every line back, in a thread for each client: socketserver-echo.py [HOST:PORT]"""

import socketserver

import address


class EchoHandler(socketserver.StreamRequestHandler):
    def handle(self):
        print("欢迎新 %s:%s..." % self.client_address)
        for line in self.rfile:
            self.wfile.write(line)
        print("来自于 %s:%s 连接被关闭." % self.client_address)


class EchoServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with EchoServer(address.argument(8000), EchoHandler) as server:
    print("服务器正在等待客户的连接……")
    address.announce("tcp", server.socket)
    server.serve_forever()
