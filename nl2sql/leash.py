"""Runs a command that must not outlive who started it: ``leash.py COMMAND…``, in a session of its own, with a pipe as standard input.

When the pipe closes, which it does however the other side ends, SIGKILL included, the command and all its children are asked to end and
then killed. A script: it imports nothing of Steward.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 15.0
"""Seconds that the command has to end by itself."""


def main(command: list[str]) -> int:
    """Run the command; its exit code, 128 and the signal for one that was killed."""
    assert os.getpgrp() == os.getpid(), "the leash ends its whole process group"
    for sign in (signal.SIGINT, signal.SIGTERM):  # a handler, unlike SIG_IGN, is not inherited by the command
        signal.signal(sign, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    slack = threading.Event()
    threading.Thread(target=_watch, args=[slack], daemon=True).start()
    code = child.wait()
    if slack.is_set():
        os.killpg(0, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def _watch(slack: threading.Event) -> None:
    """Wait for the end of the pipe, then end the group."""
    while os.read(0, 1):
        pass
    slack.set()
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
