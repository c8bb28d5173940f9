"""A data directory keeps its objects where it began to."""

from pathlib import Path

import pytest

from trade2026.adapters.objects.place import FolderPlace, S3Place
from trade2026.core.errors import StartError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.objects import objects_kind, objects_place
from trade2026.shell.secrets import Secrets
from trade2026.shell.settings import ObjectsKind, forget_foreign_settings, process_environment


def test_a_new_directory_takes_what_is_wanted_and_seaweedfs_by_itself(tmp_path: Path) -> None:
    assert objects_kind(tmp_path, None) is ObjectsKind.SEAWEEDFS
    assert objects_kind(tmp_path, ObjectsKind.FILE) is ObjectsKind.FILE


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("objects", ObjectsKind.FILE), ("seaweedfs", ObjectsKind.SEAWEEDFS)],
)
def test_a_directory_goes_on_with_what_it_has(
    tmp_path: Path, folder: str, kind: ObjectsKind
) -> None:
    (tmp_path / folder).mkdir()

    assert objects_kind(tmp_path, None) is kind
    assert objects_kind(tmp_path, kind) is kind


def test_a_directory_with_a_history_is_not_given_a_second_one(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()

    with pytest.raises(StartError, match="keeps its objects in file, not in seaweedfs; start with"):
        objects_kind(tmp_path, ObjectsKind.SEAWEEDFS)


def test_the_place_is_a_folder_or_the_bucket_with_our_own_key(tmp_path: Path) -> None:
    addresses, secrets = LocalAddresses(7), Secrets(tmp_path)

    folder = objects_place(tmp_path, ObjectsKind.FILE, addresses, secrets)
    bucket = objects_place(tmp_path, None, addresses, secrets)

    assert folder == FolderPlace(path=tmp_path / "objects")
    assert isinstance(bucket, S3Place)
    assert (bucket.url, bucket.secret_key) == ("http://127.0.0.1:8340", secrets.get("seaweedfs"))


def test_a_users_cloud_account_and_proxy_are_not_taken_for_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody")
    monkeypatch.setenv("NO_PROXY", "corp.example")
    monkeypatch.setenv("no_proxy", "")

    forget_foreign_settings()

    environment = process_environment()
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["NO_PROXY"] == "corp.example,127.0.0.1,localhost"
    assert environment["no_proxy"] == "127.0.0.1,localhost"
