"""Prints a message and its length, answers, closes the connection: report-server.py [HOST:PORT]"""

import socket

import address

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(1)
print("服务器已启动,等待客户端连接...")
address.announce("tcp", server)
while True:
    peer, name = server.accept()
    data = peer.recv(1024)
    print(len(data), data.decode())
    peer.send(("已收到您(%s:%s)的请求,本次连接将关闭" % name).encode())
    peer.close()
