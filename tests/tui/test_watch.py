"""``steward watch`` and ``steward alerts``: told once to every sink, under the policy of the asker; a webhook on a real server."""

import base64
import contextlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import CatalogUnavailable, UsageError
from catalog.node.sources import Sources
from catalog.quality.alerts import alert_id
from catalog.quality.webhook import Webhook, read_secret
from catalog.storage.state import State
from tests.catalog.publishing import PublishingNode, datasets
from tui.alerting import Seen

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Receiver:
    """What a server was sent, and what it answers next; 200 when that runs out."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def messages(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


REAL_CONNECT = socket.socket.connect


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server on this machine, which alone may be reached."""
    found = Receiver()

    def local(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] == "127.0.0.1", f"a test reached for the network: {address}"
        REAL_CONNECT(self, address)

    monkeypatch.setattr(socket.socket, "connect", local)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((dict(self.headers), body))
            status = found.answers.pop(0) if found.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *said: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def watched(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(home, tmp_path_factory.mktemp("watched") / "catalog"))


@pytest.fixture(scope="module")
def ada(watched: Path) -> str:
    return State(watched).issue_token("ada", 1)


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n", encoding="ascii")
    path.chmod(0o600)
    return str(path)


def test_what_changed_is_told_once_and_only_what_the_asker_may_see(steward: Any, watched: Path, ada: str) -> None:
    told = steward("watch", "--json", "--token", ada, catalog=watched)
    assert told.code == 0
    assert {event["what"] for event in told.json["events"]} == {"opened"}
    assert steward("watch", "--json", "--token", ada, catalog=watched).json["events"] == []
    public = steward("watch", "--json", catalog=watched).json["events"]
    everything = {event["alert"]["id"] for event in told.json["events"]}
    assert {event["alert"]["id"] for event in public} < everything
    assert {event["alert"]["assignee"] for event in public} == {None}


def test_a_webhook_is_signed_and_a_failing_one_loses_nothing(
    steward: Any, watched: Path, ada: str, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.quality.webhook.FIRST_PAUSE_S", 0.0)
    call = ("watch", "--sink", receiver.url, "--allow-local", "--secret-file", secret, "--token", ada)
    receiver.answers = [500, 503, 429, 500]
    failed = steward(*call, catalog=watched)
    assert (failed.code, len(receiver.got)) == (3, 4)
    assert "127.0.0.1" in failed.err
    assert "/hook" not in failed.err
    assert steward(*call, catalog=watched).code == 0
    headers, body = receiver.got[-1]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"0123456789abcdef0123456789abcdef", signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert len({sent["webhook-id"] for sent, _ in receiver.got}) == 1
    message = receiver.messages[-1]
    assert (message["type"], message["principal"]) == ("steward.alerts", "ada")
    assert len(message["events"]) > 20
    sent = len(receiver.got)
    assert steward(*call, catalog=watched).code == 0
    assert len(receiver.got) == sent


def test_alerts_are_acknowledged_and_resolved_by_somebody_who_may_see_them(steward: Any, watched: Path, ada: str) -> None:
    steward("watch", "--token", ada, catalog=watched)
    found = steward("alerts", "list", "--json", "--token", ada, catalog=watched).json["alerts"]
    alert = next(a for a in found if a["check_id"].startswith("watch/") and a["alert_status"] == "open")
    acked = steward("alerts", "ack", alert["id"], "--assign", "max", "--json", "--token", ada, catalog=watched)
    assert (acked.code, acked.json["alert_status"], acked.json["assignee"]) == (0, "acknowledged", "max")
    said = steward("sql", "--json", "--token", ada, f"SELECT alert_status, assignee FROM quality_checks WHERE check_id = '{alert['check_id']}'", catalog=watched)
    assert said.json["rows"] == [["acknowledged", "max"]]
    (event,) = steward("watch", "--json", "--token", ada, catalog=watched).json["events"]
    assert (event["what"], event["by"]) == ("acknowledged", "ada")
    assert steward("alerts", "resolve", alert["check_id"], "--token", ada, catalog=watched).code == 0
    assert steward("alerts", "resolve", alert["id"], "--token", ada, catalog=watched).code == 2
    shown = steward("alerts", "show", alert["id"], "--json", "--token", ada, catalog=watched).json
    assert shown["alert_status"] == "resolved"
    assert shown["hours_to_resolve"] is not None


def test_who_may_not_see_an_alert_finds_none_and_nobody_changes_one_unnamed(steward: Any, watched: Path, ada: str) -> None:
    steward("watch", "--token", ada, catalog=watched)
    everything = steward("alerts", "list", "--all", "--json", "--token", ada, catalog=watched).json["alerts"]
    public = {a["id"] for a in steward("alerts", "list", "--all", "--json", catalog=watched).json["alerts"]}
    hidden = next(a["id"] for a in everything if a["id"] not in public)
    unseen, absent = (steward("alerts", "show", name, catalog=watched) for name in (hidden, "00000000"))
    assert (unseen.code, unseen.err.replace(hidden, "X")) == (absent.code, absent.err.replace("00000000", "X")) == (2, unseen.err.replace(hidden, "X"))
    assert steward("alerts", "ack", next(iter(public)), catalog=watched).code == 5
    assert steward("alerts", "ack", hidden, "--token", State(watched).issue_token("mia", 1), catalog=watched).code in (2, 5)


def test_exit_codes_for_cron(steward: Any, watched: Path, ada: str, tmp_path: Path) -> None:
    assert steward("watch", "--fail-on", "high", "--token", ada, catalog=watched).code == 1
    assert steward("watch", "--token", "wrong", catalog=watched).code == 5
    assert steward("watch", catalog=tmp_path / "none").code == 3
    assert steward("watch", "--once", "--every", "1h", catalog=watched).code == 2
    assert steward("watch", "--every", "soon", catalog=watched).code == 2


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://example.org/x", False),
        ("ftp://example.org/x", True),
        ("https://", True),
        ("https://me:secret@example.org/", True),
        ("https://example.org:port/", True),
        ("https://exa mple.org/", True),
    ],
)
def test_an_address_that_nothing_is_sent_to(url: str, local: bool) -> None:
    with pytest.raises(UsageError) as error:
        Webhook(url, allow_local=local)
    assert "secret" not in error.value.what


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_private_places_are_closed_unless_allowed(host: str) -> None:
    with pytest.raises(UsageError):
        Webhook(f"https://{host}/").send("m", {})


@pytest.mark.parametrize(("url", "local"), [("http://10.0.0.1/", True), ("https://169.254.169.254/", True)])
def test_what_is_not_allowed_even_locally(url: str, local: bool) -> None:
    with pytest.raises(UsageError):
        Webhook(url, allow_local=local).send("m", {})


@pytest.mark.parametrize(("answers", "tries"), [([302], 1), ([404], 1), ([500, 200], 2), ([408, 429, 200], 3)])
def test_what_may_pass_is_tried_again_and_redirects_are_not_followed(receiver: Receiver, answers: list[int], tries: int) -> None:
    receiver.answers = list(answers)
    pauses: list[float] = []
    hook = Webhook(receiver.url, allow_local=True, sleep=pauses.append)
    if answers[-1] == 200:
        hook.send("m", {"a": 1})
    else:
        with pytest.raises(CatalogUnavailable):
            hook.send("m", {"a": 1})
    assert (len(receiver.got), len(pauses)) == (tries, tries - 1)
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(("text", "mode"), [("short", 0o600), ("whsec_!!", 0o600), (SECRET, 0o644), ("", 0o600)])
def test_a_secret_that_is_none(tmp_path: Path, text: str, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    with pytest.raises(UsageError) as error:
        read_secret(path)
    assert SECRET not in str(error.value)


def test_sigterm_ends_a_waiting_watch_cleanly(watched: Path) -> None:
    arguments = [sys.executable, "-c", "from tui.main import main; main()", "--catalog", str(watched), "watch", "--every", "1h", "--json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=240)
    assert (process.returncode, err) == (0, b"")


def test_watch_pulls_what_nodes_publish_first(steward: Any, watched: Path, tmp_path: Path) -> None:
    node = PublishingNode.at(tmp_path / "node", documents=2)
    node.publish()
    Sources(watched).add("berlin-1", str(node.to), node.root)
    try:
        assert steward("watch", "--pull", catalog=watched).code == 0
        assert datasets(watched) == ["d0", "d1"]
        node.document("d2")
        node.publish()
        newest = node.newest("targets")
        newest.write_bytes(newest.read_bytes()[:-9] + b"forged!!}")
        spoilt = steward("watch", "--pull", catalog=watched)
        assert spoilt.code == 3 and spoilt.err.startswith("berlin-1: ")
        assert datasets(watched) == ["d0", "d1"]
    finally:
        Sources(watched).remove("berlin-1")


def test_a_check_cannot_take_the_place_or_the_name_of_another_alert() -> None:
    first, second = ({"node": "n", "check_id": name} for name in ("a", alert_id("n", "a")))
    seen = Seen({(each["node"], each["check_id"]): each for each in (first, second)}, session=None, now=None)  # type: ignore[arg-type]
    assert seen.one(alert_id("n", "a")) is first
    assert seen.one(alert_id("n", second["check_id"])) is second
    assert len(alert_id("n", "a")) == 16


def test_what_is_told_counts_nothing_hidden(steward: Any, watched: Path, tmp_path: Path) -> None:
    mia = "--token", State(watched).issue_token("mia", 1)
    told = steward("watch", "--json", *mia, catalog=watched).json["events"]
    assert all(isinstance(event["event"], str) and len(event["event"]) == 32 for event in told)


@pytest.mark.parametrize("host", ["[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2002:a00:1::]"])
def test_addresses_that_hide_a_private_one_are_closed(host: str) -> None:
    with pytest.raises(UsageError):
        Webhook(f"https://{host}/").send("m", {})


def test_a_name_that_can_be_none_is_no_crash() -> None:
    with pytest.raises(CatalogUnavailable, match="does not resolve"):
        Webhook(f"https://{'a' * 300}.example/", sleep=lambda _: None).send("m", {})


def test_a_receiver_that_answers_byte_by_byte_is_left(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.quality.webhook.TOTAL_S", 0.3)
    monkeypatch.setattr("catalog.quality.webhook.TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def drip() -> None:
            taken, _ = server.accept()
            with taken, contextlib.suppress(OSError):
                while not done.wait(0.05):
                    taken.send(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(CatalogUnavailable, match="no answer"):
            Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/", allow_local=True).send("m", {})
        done.set()
        thread.join()
