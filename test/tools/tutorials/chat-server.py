"""Chat between two terminals, the side that waits: chat-server.py [HOST:PORT]"""

import socket

import address
import conversation

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("Waiting for connection...")
address.announce("tcp", server)
peer, (host, port) = server.accept()
with peer:
    conversation.talk(peer, f"{host}:{port}")
