"""Sends SIGUSR2 to a process until standard input ends. Usage: storm.py PID SIGNALS_PER_SECOND. Prints how many it sent."""
import os
import select
import signal
import sys
import time

pid, rate = int(sys.argv[1]), int(sys.argv[2])
print("storming", flush=True)
start = time.monotonic()
sent = 0
while True:
    due = int((time.monotonic() - start) * rate)
    while sent < due:
        os.kill(pid, signal.SIGUSR2)
        sent += 1
    if select.select([sys.stdin], [], [], 0.0001)[0]:
        break
print(sent)
