"""Greets each client and prints what it says: greeting-server.py [HOST:PORT]"""

import socket
import threading

import address


def session(peer, name):
    print("Accept new connection from %s:%s" % name)
    peer.send(b"Hello, I am server")
    while True:
        data = peer.recv(1024)
        if not data or data.decode() == "exit":
            break
        print("客户端发来的数据:%s" % data.decode())
        peer.send(("Hello, %s!" % data.decode()).encode())
    peer.close()
    print("Connection from %s:%s closed." % name)


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("Waiting for connection...")
address.announce("tcp", server)
while True:
    threading.Thread(target=session, args=server.accept(), daemon=True).start()
