"""Sends several messages, one after the other: sticky-client.py [HOST:PORT]"""

import socket

import address

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(address.argument(8000))
for message in ["Rose", "Think", "Babala", "你好"]:
    client.send(message.encode())
    print(f'sent "{message}"')
client.shutdown(socket.SHUT_WR)
print("4 messages sent; the server got", client.recv(1024).decode())
client.close()
