"""Signed notes: what the key signed opens, and nothing that differs from it in any bit."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.audit.signed_note import BadNote, Checkpoint, Signer, key_id, open_note, sign

EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of golang.org/x/mod/sumdb/note (BSD-3-Clause), which the format comes from."""


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.load_or_create(tmp_path / "key", "log.example/one")


def test_the_published_example_opens() -> None:
    assert open_note(EXAMPLE, EXAMPLE_KEY) == EXAMPLE.partition("\n\n")[0] + "\n"
    assert key_id(EXAMPLE_KEY) == "c74f20a3"


def test_a_note_opens_with_its_key_only(signer: Signer, tmp_path: Path) -> None:
    note = sign("text\nof two lines\n", signer)
    assert open_note(note, signer.verifier) == "text\nof two lines\n"
    assert Signer.load_or_create(tmp_path / "key", "ignored").verifier == signer.verifier
    for other in (EXAMPLE_KEY, Signer.load_or_create(tmp_path / "other", "log.example/one").verifier):
        with pytest.raises(BadNote, match="not signed by"):
            open_note(note, other)


def test_no_changed_bit_opens(signer: Signer) -> None:
    note = sign("size 7\n\nroot\n", signer).encode()
    for place in range(len(note) * 8):
        changed = bytearray(note)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((BadNote, UnicodeDecodeError)):
            open_note(changed.decode("utf-8"), signer.verifier)


def test_no_changed_bit_of_a_key_opens(signer: Signer) -> None:
    note, vkey = sign("text\n", signer), signer.verifier.encode()
    for place in range(len(vkey) * 8):
        changed = bytearray(vkey)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((BadNote, UnicodeDecodeError)):
            open_note(note, changed.decode("utf-8"))


def test_signatures_of_others_are_not_judged(signer: Signer, tmp_path: Path) -> None:
    witness = Signer.load_or_create(tmp_path / "witness", "witness.example")
    note = sign("text\n", signer)
    cosigned = note + witness.signature_line("text\n") + "\n"
    assert open_note(cosigned, signer.verifier) == open_note(cosigned, witness.verifier) == "text\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note[:-1],
        lambda note: note + "\n",
        lambda note: note + "— \n",
        lambda note: note + "— someone AA==\n",
        lambda note: note + note.splitlines()[-1] + "\n",
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.partition("\n\n")[0] + "\n\n",
        lambda note: "\n" + note.partition("\n")[2],
        lambda note: note.replace("\n", "\r\n"),
        lambda note: "\ud800" + note,
        lambda note: note.replace("—", "-"),
        lambda note: "",
        lambda note: "x" * 1_000_001,
        lambda note: note + note.splitlines()[-1].replace("log", "lag") * 1 + "\n" + "— other AAAAAAAA\n" * 100,
    ],
)
def test_what_is_no_note_is_refused(signer: Signer, change) -> None:  # type: ignore[no-untyped-def]  # a text function
    with pytest.raises(BadNote):
        open_note(change(sign("text\n", signer)), signer.verifier)


@pytest.mark.parametrize("text", ["", "no line feed", "a\tb\n", "\x1b[31m\n", "\ud800\n", "c1 \x9b\n"])
def test_what_no_note_can_hold_is_not_signed(signer: Signer, text: str) -> None:
    with pytest.raises(BadNote):
        sign(text, signer)


@pytest.mark.parametrize("name", ["", "two words", "plus+sign", "line\nfeed", "no\xa0break", "\ud800"])
def test_a_key_needs_a_name_that_a_note_can_hold(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadNote):
        Signer.load_or_create(tmp_path / "key", name)
    assert not list(tmp_path.glob("*key*"))


def test_a_checkpoint_is_read_as_it_is_written() -> None:
    checkpoint = Checkpoint("log.example/one", 20852163, bytes(range(32)))
    assert checkpoint.text == f"log.example/one\n20852163\n{base64.b64encode(bytes(range(32))).decode()}\n"
    assert Checkpoint.parse(checkpoint.text) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n1\nAAAA\n",
        "a\n01\n{root}\n",
        "a\n-1\n{root}\n",
        "a\n1\n{root}",
        "\n1\n{root}\n",
        "a\n1\n{root}\nmore\n",
        "a\n١\n{root}\n",
        "a\n1\n{root}=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Checkpoint.parse(text.replace("{root}", base64.b64encode(bytes(32)).decode()))


def test_processes_that_make_a_key_get_the_same(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from catalog.audit.signed_note import Signer; print(Signer.load_or_create(Path(sys.argv[1]), 'n').verifier)"
    command = [sys.executable, "-c", code, str(tmp_path / "key")]
    children = [subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) for _ in range(4)]
    assert len({child.communicate()[0] for child in children}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"] and (tmp_path / "key").stat().st_mode & 0o777 == 0o600
