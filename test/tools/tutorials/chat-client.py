"""Chat between two terminals, the side that calls: chat-client.py [HOST:PORT]"""

import socket

import address
import conversation

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as peer:
    peer.connect(address.argument(8000))
    host, port = peer.getpeername()
    conversation.talk(peer, f"{host}:{port}")
