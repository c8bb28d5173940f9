"""Secrets are made once, whole, for their owner's eyes only."""

from pathlib import Path

import pytest

from trade2026.core.errors import StartError
from trade2026.shell.secrets import ALPHABET, LENGTH, Secrets, read_credentials


def test_a_secret_is_made_at_the_first_call_and_stays(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    assert not secrets.has("nats")

    made = secrets.get("nats")

    assert len(made) == LENGTH
    assert set(made) <= set(ALPHABET)
    assert secrets.has("nats")
    assert Secrets(tmp_path).get("nats") == made


def test_every_secret_is_another(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)

    assert len({secrets.get(name) for name in ("nats", "valkey", "postgres", "admin")}) == 4


def test_only_the_owner_can_read_a_secret(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)

    Secrets(tmp_path).get("nats")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["nats"]
    assert (folder / "nats").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    Secrets(tmp_path).get("nats")
    (tmp_path / "secrets" / "nats").chmod(0o644)

    with pytest.raises(StartError, match=r"others may read .* chmod 600"):
        Secrets(tmp_path).get("nats")


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    Secrets(tmp_path).get("nats")
    (tmp_path / "secrets" / "nats").write_text("\n")

    with pytest.raises(StartError, match="nats is empty"):
        Secrets(tmp_path).get("nats")


def test_what_a_crash_left_by_half_is_no_secret(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / ".nats.1").write_text("half")

    assert not secrets.has("nats")
    assert len(secrets.get("nats")) == LENGTH


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file where the folder should be")

    with pytest.raises(StartError, match="cannot keep secrets in"):
        Secrets(tmp_path).get("nats")


def test_credentials_are_the_two_lines_of_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "exchange"
    path.write_text("the-key\nthe-secret\n")
    path.chmod(0o600)

    assert read_credentials(path) == ("the-key", "the-secret")
    path.chmod(0o640)
    with pytest.raises(StartError, match=r"others may read .* chmod 600"):
        read_credentials(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"the-key\n", "two lines"), (b"\xff\xfe", "not plain text")],
)
def test_credentials_that_cannot_be_read_are_told_without_their_text(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "exchange"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)

    with pytest.raises(StartError, match=why) as caught:
        read_credentials(path)

    assert "the-key" not in str(caught.value)
