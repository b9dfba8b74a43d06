"""A session for each client, in a thread of its own: session-server.py [HOST:PORT]"""

import socket
import threading

import address


def session(peer, name):
    print("欢迎新 %s:%s..." % name)
    peer.send(b"Welcome!")
    while True:
        data = peer.recv(1024)
        if not data or data.decode() == "exit":
            break
        peer.send(("Hello, %s!" % data.decode()).encode())
    peer.close()
    print("来自于 %s:%s 连接被关闭." % name)


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("服务器正在等待客户的连接……")
address.announce("tcp", server)
while True:
    threading.Thread(target=session, args=server.accept(), daemon=True).start()
