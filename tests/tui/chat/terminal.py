"""A real terminal for tests: a program in a pty, and the screen that its output makes, by an emulator."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
from collections.abc import Sequence
from time import monotonic

import pyte

UNKNOWN = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*(?:\$p|u)|\x1b[P_^].*?\x1b\\", re.S)
"""Questions to the terminal and keyboard modes that the emulator would print."""
PATIENCE_S = 300.0
"""A limit for what hangs: a busy machine may take this long for what else takes a second."""


class Terminal:
    """A program and its screen."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], size: tuple[int, int] = (110, 34)) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""
        self.ended: int | None = None
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), environment)
        self.resize(*size)

    def resize(self, width: int, height: int) -> None:
        """Another size, as a window manager would set it."""
        self.screen.resize(height, width)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, keys: str) -> None:
        """Type."""
        os.write(self._file, keys.encode("utf-8"))

    def read(self, wait_s: float = 0.1) -> bool:
        """Take in what the program wrote; False once it has ended."""
        if not select.select([self._file], [], [], wait_s)[0]:
            return True
        try:
            written = os.read(self._file, 65536)
        except OSError:
            written = b""
        if not written:
            if self.ended is None:
                self.ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return False
        written = self._rest + written
        cut = written.rfind(b"\x1b", max(0, len(written) - 64))
        cut = cut if cut >= 0 and not re.match(rb"\x1b.*[a-zA-Z~\\\x07]", written[cut:], re.S) else len(written)
        self._rest = written[cut:]
        self._stream.feed(UNKNOWN.sub(b"", written[:cut]))
        return True

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.screen.display)

    def until(self, *words: str) -> str:
        """Read until all of these stand on the screen."""
        end = monotonic() + PATIENCE_S
        while monotonic() < end:
            if all(word in self.text for word in words):
                return self.text
            if not self.read():
                break
        raise AssertionError(f"{words} did not appear; ended: {self.ended}\n{self.text}")

    def until_gone(self, words: str) -> None:
        """Read until this does not stand on the screen any more."""
        end = monotonic() + PATIENCE_S
        while words in self.text and monotonic() < end and self.read():
            pass
        assert words not in self.text, self.text

    def leave(self, keys: str) -> int:
        """Type what ends the program; its exit code."""
        self.type(keys)
        end = monotonic() + PATIENCE_S
        while self.read() and monotonic() < end:
            pass
        assert self.ended is not None, self.text
        return self.ended

    def kill(self) -> None:
        """End it as the kernel would."""
        if self.ended is None:
            os.kill(self.pid, signal.SIGKILL)
            while self.read():
                pass
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
