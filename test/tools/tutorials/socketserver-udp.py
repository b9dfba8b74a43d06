"""Answers every datagram, each in a thread: socketserver-udp.py [HOST:PORT]"""

import socketserver

import address


class HelloHandler(socketserver.DatagramRequestHandler):
    def handle(self):
        print("Received from %s:%s" % self.client_address)
        self.wfile.write(b"Hello, %s" % self.rfile.read())


with socketserver.ThreadingUDPServer(address.argument(9000), HelloHandler) as server:
    print("Bind udp on %s..." % server.server_address[1])
    address.announce("udp", server.socket)
    server.serve_forever()
