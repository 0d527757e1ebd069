"""Sends JSON to an address: signed after the Standard Webhooks specification, bounded in time, retried, and only where it may go.

https, to public addresses; ``allow_local`` opens this machine and private networks, and http to this machine. The name is resolved once
and the connection goes to the address that was judged. Redirects are not followed. https://www.standardwebhooks.com
"""

import base64
import binascii
import hmac
import ipaddress
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from catalog.errors import CatalogUnavailable, UsageError
from catalog.opening import regular

TRIES = 4
FIRST_PAUSE_S = 0.5
"""Before the first retry; twice as long before each further one."""
LONGEST_PAUSE_S = 30.0
"""Most that a receiver's Retry-After is heeded."""
TIMEOUT_S = 10.0
"""To connect, and between two bytes of the answer."""
TOTAL_S = 30.0
"""For one try from the connection on, however slowly bytes come."""
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
FEWEST_SECRET = 16
"""Bytes of a secret."""
LARGEST_FILE = 4096
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to send to, and the secret that signs; neither is ever shown."""

    url: str = field(repr=False)
    secret: bytes | None = field(default=None, repr=False)
    allow_local: bool = False
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Raises UsageError for an address that nothing may be sent to, whatever it resolves to."""
        parts = urlsplit(self.url)
        try:
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if parts.scheme not in ("http", "https") or not host or not self.url.isprintable() or " " in self.url:
            raise UsageError("A webhook needs an https address.", "Or tell standard output: --sink stdout. A file with the address in it: --sink @FILE.")
        if parts.username or parts.password:
            raise UsageError("A webhook's address holds no password.", "Sign with --secret-file instead.")
        if parts.scheme == "http" and not self.allow_local:
            raise UsageError("A webhook needs https.", "--allow-local lets http go to this machine.")

    @property
    def place(self) -> str:
        """Scheme and host, which may be shown: the path of such an address is often a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"

    def send(self, identity: str, content: Mapping[str, object]) -> None:
        """Deliver one message; raises CatalogUnavailable when it was not taken after every try, UsageError for an address not allowed."""
        body = json.dumps(content, ensure_ascii=True, sort_keys=True, allow_nan=False).encode()
        wrong, pause = "", FIRST_PAUSE_S
        for attempt in range(TRIES):
            if attempt:
                self.sleep(pause)
            status, wrong, wait = self._post(identity, body)
            if 200 <= status < 300:
                return
            if status and status not in RETRIED:
                break
            pause = min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S * 2 ** (attempt + 1), wait))
        raise CatalogUnavailable(f"{self.place} did not take the message: {wrong}.", "What it has not got is sent again by the next watch.")

    def _post(self, identity: str, body: bytes) -> tuple[int, str, float]:
        """Status (0 for no answer), what is wrong, and the pause that the receiver asks for in seconds."""
        import urllib3  # only who sends needs it

        from catalog.engine.connections import cut, pool

        parts = urlsplit(self.url)
        assert parts.hostname
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            address = self._resolved(parts.hostname, port, parts.scheme)
        except (OSError, UnicodeError) as error:  # the latter for what can be no name
            return 0, f"its name does not resolve ({getattr(error, 'strerror', None) or 'no such name'})", 0.0
        live: list[socket.socket] = []
        manager = pool(TIMEOUT_S, live)
        named = {"cert_reqs": "CERT_REQUIRED", "assert_hostname": parts.hostname, "server_hostname": parts.hostname}
        to = manager.connection_from_host(address, port, parts.scheme, named if parts.scheme == "https" else None)
        end = threading.Timer(TOTAL_S, cut, [live])
        end.daemon = True
        end.start()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "steward-watch", **self._signed(identity, body)}
        try:
            answer = to.urlopen("POST", target, body=body, headers=headers, redirect=False, preload_content=False, assert_same_host=False)
            wait = answer.headers.get("Retry-After", "")
            answer.close()  # what else it says is nobody's concern
            return answer.status, f"it answered {answer.status}", float(wait) if wait.isdecimal() and len(wait) < 6 else 0.0
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return 0, f"no answer ({type(error).__name__})", 0.0
        finally:
            end.cancel()
            manager.clear()

    def _signed(self, identity: str, body: bytes) -> dict[str, str]:
        """Headers of the specification: an identity by which a receiver knows a repetition, the time, and a signature over both and the body."""
        moment = str(int(time.time()))
        headers = {"webhook-id": identity, "webhook-timestamp": moment}
        if self.secret is not None:
            digest = hmac.digest(self.secret, f"{identity}.{moment}.".encode() + body, "sha256")
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode('ascii')}"
        return headers

    def _resolved(self, host: str, port: int, scheme: str) -> str:
        """The address to connect to. Raises UsageError when any of the name's addresses is not allowed, OSError when there is none."""
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            address = _inner(address)
            if scheme == "http" and not address.is_loopback:
                raise UsageError(f"{self.place} is not this machine, and http goes nowhere else.", "Use https.")
            if not self.allow_local and (not address.is_global or address.is_multicast):
                raise UsageError(f"{self.place} is on this machine or a private network.", "--allow-local lets messages go there.")
            if address.is_link_local or address.is_multicast or address.is_unspecified:
                raise UsageError(f"{self.place} is an address that no message goes to.")
        return found[0]


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to: mapped (RFC 4291), by 6to4 (RFC 3056), Teredo (RFC 4380) or NAT64 (RFC 6052)."""
    if address.version == 4:
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def read_secret(path: Path) -> bytes:
    """The secret in a file: ``whsec_`` and base64, or the text itself, at least 16 bytes. Raises UsageError."""
    text = _private(path)
    if text.startswith("whsec_"):
        try:
            secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            raise UsageError(f"The secret in {path} is not base64 after whsec_.") from None
    else:
        secret = text.encode()
    if len(secret) < FEWEST_SECRET:
        raise UsageError(f"The secret in {path} has fewer than {FEWEST_SECRET} bytes.", "Make one: openssl rand -base64 32")
    return secret


def read_address(path: Path) -> str:
    """The address in a file, for those that are secrets themselves. Raises UsageError."""
    return _private(path)


def _private(path: Path) -> str:
    """The text of a small file that others may not read."""
    try:
        with open(path, "rb", opener=regular) as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(LARGEST_FILE + 1).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    if mode & stat.S_IROTH:
        raise UsageError(f"Everybody on this machine may read {path}.", f"chmod 600 {path}")
    if not 0 < len(text) <= LARGEST_FILE:
        raise UsageError(f"{path} holds no text of at most {LARGEST_FILE:,} bytes.")
    return text
