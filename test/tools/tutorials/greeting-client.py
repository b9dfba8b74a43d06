"""The client for greeting-server.py: greeting-client.py [HOST:PORT]"""

import socket

import address

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(address.argument(8000))
print("接收到的服务端数据:%s" % client.recv(1024).decode())
for name in ["Rose", "Think", "Babala"]:
    client.send(name.encode())
    print("服务端又返回来的数据:%s " % client.recv(1024).decode())
client.send(b"exit")
client.close()
