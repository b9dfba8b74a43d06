"""Greets, takes one message, and closes the connection: one-shot-server.py [HOST:PORT]"""

import socket

import address

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(1)
print("服务器已启动,等待客户端连接...")
address.announce("tcp", server)
while True:
    peer, _ = server.accept()
    peer.send("欢迎连接到服务器".encode())
    data = peer.recv(1024)
    print("接收到来自客户端的数据:%s" % data.decode())
    peer.close()
    print("与客户端的连接已关闭")
