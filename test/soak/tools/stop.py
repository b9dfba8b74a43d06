"""Stops a process, as a debugger or a sleeping machine does, and continues it. Usage: stop.py PID SECONDS"""
import os
import signal
import sys
import time

pid, seconds = int(sys.argv[1]), float(sys.argv[2])
os.kill(pid, signal.SIGSTOP)
time.sleep(seconds)
os.kill(pid, signal.SIGCONT)
