"""Children of a program that start in a millisecond: a process that has imported what they need forks each of them."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType

PARENT = """
import json, os, socket, sys
code = compile(sys.argv[1], "child", "exec")
exec("\\n".join(line for line in sys.argv[1].splitlines() if line.startswith(("import ", "from "))), {})
asked = socket.socket(fileno=int(sys.argv[2]))
while True:
    message, files, _, _ = socket.recv_fds(asked, 65536, 1)
    if not message:
        break
    if not files:
        answer = os.waitpid(int(message), 0)[1]
    elif (answer := os.fork()) == 0:
        asked.close()
        os.dup2(files[0], 1)
        sys.argv[1:] = json.loads(message)
        exec(code, {"__name__": "__main__"})
        sys.stdout.flush()
        os._exit(0)
    else:
        os.close(files[0])
    asked.send(b"%d" % answer)
"""
ROOT = Path(__file__).parents[2]


class Child:
    """One child; what it prints is read from ``stdout``."""

    def __init__(self, asked: socket.socket, arguments: list[str]) -> None:
        self._asked = asked
        read, write = os.pipe()
        socket.send_fds(asked, [json.dumps(arguments).encode()], [write])
        os.close(write)
        self.pid = int(asked.recv(32))
        self.stdout = os.fdopen(read, "rb")

    def kill(self) -> None:
        """End it as the kernel would."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code once it has ended, negative for a signal."""
        self._asked.send(b"%d" % self.pid)
        return os.waitstatus_to_exitcode(int(self._asked.recv(32)))

    def finish(self) -> tuple[int, bytes]:
        """The exit code, and what it printed that was not read before."""
        with self.stdout:
            said = self.stdout.read()
        return self.wait(), said


class Forks:
    """A program whose imports are done. Every child runs it whole, with arguments of its own, in the folder of the project."""

    def __init__(self, code: str) -> None:
        self._asked, other = socket.socketpair()
        with other:
            self._parent = subprocess.Popen([sys.executable, "-c", PARENT, code, str(other.fileno())], cwd=ROOT, pass_fds=[other.fileno()])

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._asked.close()
        self._parent.wait()

    def child(self, *arguments: object) -> Child:
        """Start one."""
        return Child(self._asked, [str(argument) for argument in arguments])
