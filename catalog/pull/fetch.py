"""Brings the bytes of a publication from a folder or over HTTP: bounded in time and size, trusting nothing that it reads.

Files are asked for by their path below the publication; TUF's client verifies what arrives. Knows no signature.
"""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

from catalog.engine.connections import cut, pool, reason
from catalog.errors import UsageError
from catalog.opening import NotRegular, regular

CHUNK = 65_536
RETRIES = 3
FIRST_PAUSE_S = 0.2
"""Before the first retry; twice as long before each further one."""
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
MOST_REDIRECTS = 4
LONGEST_NAME = 180
"""Bytes of one part of a document's path: a file system's 255 less the hash that is put before it."""


class Unreachable(DownloadError):
    """Nobody answers there, or what answers cannot serve."""


class Forbidden(DownloadError):
    """The answer leads somewhere that a publication may not: another scheme, another host, out of its folder."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one publication may cost: seconds in all and between two bytes, bytes in all."""

    total_s: float = 120.0
    silence_s: float = 15.0
    total_bytes: int = 1_000_000_000


@dataclass(slots=True)
class Cached:
    """A file as it was last fetched, with the server's word for that version of it."""

    etag: str
    content: bytes


def wrong_name(name: str) -> str:
    """Why a path cannot name a document below a publication; '' when it can."""
    parts = name.split("/")
    if not name or len(name.encode("utf-8", "replace")) > 1000:
        return "a path of 1 to 1,000 bytes is needed"
    if any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        return "it leads elsewhere or is hidden"
    if any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in parts):
        return f"a part of it is longer than {LONGEST_NAME} bytes"
    if "\\" in name or not name.isprintable():
        return "it has characters that no file name should"
    return ""


def checked_location(location: str) -> str:
    """A source's location as it is kept: an http(s) address or the absolute path of a folder; raises UsageError."""
    address = urlsplit(location)
    if address.scheme in ("http", "https") and address.hostname:
        if address.username or address.password:
            raise UsageError("An address with a password in it would be shown to others.", "Give the address without it.")
        if address.query or address.fragment:
            raise UsageError("A publication is a folder: its address has no query.", "Give the address of the folder.")
        return location.rstrip("/") + "/"
    if "://" in location or location.startswith("file:"):
        raise UsageError(f"{location} is neither an http(s) address nor a folder.", "Name a folder by its path.")
    return str(Path(location).expanduser().absolute())


class Fetcher(FetcherInterface):
    """Reads files of one publication; every one counts towards the same limits. Use as a context: it ends what hangs."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.answered = False
        """Whether anything answered at all."""
        self.last = ""
        """The file asked for last."""
        self.body = b""
        """What came of it, as far as it was whole."""
        self._until = time.monotonic() + limits.total_s
        self._bytes = 0

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def stop(self) -> None:
        """End now, as if the time were up; from any thread."""
        self._until = -1.0

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """The bytes of a file, at most so many; raises DownloadError."""
        self.body = super().download_bytes(url, max_length)
        return self.body

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last, self.body = url, b""
        self._in_time()
        return self._counted(self._read(url))

    def _read(self, name: str) -> Iterator[bytes]:
        """Chunks of the file of that path below the publication."""
        raise NotImplementedError

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._in_time()
            self._bytes += len(chunk)
            if self._bytes > self.limits.total_bytes:
                raise DownloadLengthMismatchError(f"more than {self.limits.total_bytes} bytes")
            yield chunk

    def _in_time(self) -> None:
        if time.monotonic() > self._until:
            raise SlowRetrievalError(f"not done after {self.limits.total_s:g} s")


class FolderFetcher(Fetcher):
    """A publication in a folder of this machine, be it a mounted share or a synchronised bucket."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        super().__init__(limits)
        self._folder = folder

    def _read(self, name: str) -> Iterator[bytes]:
        if wrong_name(name.rpartition("/")[0]) or "\0" in name:
            raise Forbidden("a path that leads elsewhere")
        try:
            base = self._folder.resolve(strict=True)
            self.answered = self._folder.is_dir()
            path = (base / name).resolve()
            if not path.is_relative_to(base):
                raise Forbidden("a link out of the folder")
            with open(path, "rb", opener=regular) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self.answered:
                raise Unreachable("the folder is not there") from error
            raise DownloadHTTPError("no such file", 404) from error
        except NotRegular:
            raise Forbidden("something that is not a regular file") from None
        except OSError as error:
            raise Unreachable((error.strerror or "it cannot be read").lower()) from error


class WebFetcher(Fetcher):
    """A publication behind HTTP or HTTPS. Retries what may pass, with growing pauses; asks only for what is new.

    Follows redirects within the scheme and to the same host or one below it, as IPFS gateways do.
    """

    def __init__(self, address: str, limits: Limits, cached: dict[str, Cached] | None = None) -> None:
        super().__init__(limits)
        self._address = address
        self.cached = cached if cached is not None else {}
        """Files with an ETag by name: asked for again, they come from here where the server says that nothing changed."""
        self._live: list[socket.socket] = []
        self._pool = pool(limits.silence_s, self._live)
        self._watch = threading.Timer(limits.total_s, self.stop)
        self._watch.daemon = True

    def __enter__(self) -> "WebFetcher":
        self._watch.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._watch.cancel()
        self._pool.clear()

    def _read(self, name: str) -> Iterator[bytes]:
        response = self._answer(name)
        if response is None:
            yield self.cached[name].content
            return
        etag = response.headers.get("ETag", "")
        keep = bytearray() if name.endswith("/timestamp.json") and 0 < len(etag) <= 256 else None
        try:
            # read1 returns what is there: a server that drips cannot hold it until a buffer is full.
            while chunk := response.read1(CHUNK):
                if keep is not None:
                    keep += chunk
                yield chunk
            self._in_time()
            if response.length_remaining:
                raise Unreachable("the connection broke")
            if keep is not None:
                self.cached[name] = Cached(etag, bytes(keep))
        except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise SlowRetrievalError("it stopped sending") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._in_time()
            raise Unreachable("the connection broke") from error
        finally:
            response.release_conn()

    def stop(self) -> None:
        """End now: whatever waits for a byte has its connection closed."""
        super().stop()
        cut(self._live)

    def _answer(self, name: str) -> "urllib3.BaseHTTPResponse | None":
        """The answer with a body to read, after retries and redirects; None when what is cached is still what is there."""
        url = urljoin(self._address, quote(name, safe="/"))
        known = self.cached.get(name)
        headers = {"User-Agent": "steward", "Accept-Encoding": "identity"} | ({"If-None-Match": known.etag} if known else {})
        pause, tries, redirects = FIRST_PAUSE_S, 0, 0
        while True:
            self._in_time()
            try:
                response = self._pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
                status = response.status
                failure: Exception | None = None
            except urllib3.exceptions.HTTPError as error:
                failure, status = error, 0
            if failure is not None or status in RETRIED:
                tries += 1
                if failure is None:
                    self.answered = True
                    response.close()
                if tries > RETRIES:
                    if isinstance(failure, urllib3.exceptions.TimeoutError) and not isinstance(failure, urllib3.exceptions.ConnectTimeoutError):
                        raise SlowRetrievalError("it does not answer in time") from failure
                    raise Unreachable(f"HTTP status {status}" if failure is None else reason(failure)) from failure
                time.sleep(max(0.0, min(pause, self._until - time.monotonic())))
                pause *= 2
                continue
            self.answered = True
            if status == 200:
                return response
            where = response.headers.get("Location", "")
            response.close()
            if status == 304 and known:
                return None
            if status in (301, 302, 303, 307, 308):
                redirects += 1
                url = _followed(self._address, url, where)
                if redirects > MOST_REDIRECTS:
                    raise Forbidden("a redirect without end")
                continue
            raise DownloadHTTPError(f"HTTP status {status}", status)


def _followed(address: str, url: str, where: str) -> str:
    """The address that a redirect leads to; raises Forbidden where it may not."""
    try:
        base, to = urlsplit(address), urlsplit(urljoin(url, where))
        same_port = to.port == base.port
    except ValueError as error:
        raise Forbidden("a redirect to nowhere") from error
    if to.scheme != base.scheme:
        raise Forbidden("a redirect to another scheme")
    if not to.hostname or not same_port or not f".{to.hostname}".endswith(f".{base.hostname}") or to.username:
        raise Forbidden("a redirect to another host")
    return to.geturl()


def fetcher(location: str, limits: Limits, cached: dict[str, Cached] | None = None) -> Fetcher:
    """What reads the publication at a location that ``checked_location`` allows."""
    if location.startswith(("http://", "https://")):
        return WebFetcher(location, limits, cached)
    return FolderFetcher(Path(location), limits)
