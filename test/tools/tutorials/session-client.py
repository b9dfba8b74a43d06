"""Says three names and prints every answer: session-client.py [HOST:PORT]"""

import socket

import address

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(address.argument(8000))
print(client.recv(1024).decode())
for name in ["Rose", "Think", "Babala"]:
    client.send(name.encode())
    print(client.recv(1024).decode())
client.send(b"exit")
client.close()
