"""Where this platform keeps its objects: in SeaweedFS, or in a folder.

A data directory keeps to what it was begun with: objects in the one are not seen in the
other, and a history must not fall into two.
"""

from pathlib import Path

from trade2026.adapters.infra.seaweedfs import seaweed_place
from trade2026.adapters.objects.place import FolderPlace, Place
from trade2026.core.errors import StartError
from trade2026.shell.addresses import Addresses
from trade2026.shell.secrets import OBJECTS_SECRET, Secrets
from trade2026.shell.settings import ObjectsKind

_FOLDERS = {ObjectsKind.SEAWEEDFS: "seaweedfs", ObjectsKind.FILE: "objects"}


def objects_kind(data_dir: Path, wanted: ObjectsKind | None) -> ObjectsKind:
    """Return what keeps the objects of *data_dir*: what it has, else *wanted*, else SeaweedFS.

    Raises:
        StartError: it has something else than *wanted*.
    """
    begun = [kind for kind, folder in _FOLDERS.items() if (data_dir / folder).is_dir()]
    if wanted is None:
        return begun[0] if begun else ObjectsKind.SEAWEEDFS
    if begun and wanted not in begun:
        why = f"{data_dir} keeps its objects in {begun[0].value}, not in {wanted.value}"
        raise StartError(f"{why}; start with --objects {begun[0].value}, or another --data-dir")
    return wanted


def objects_place(
    data_dir: Path, wanted: ObjectsKind | None, addresses: Addresses, secrets: Secrets
) -> Place:
    """Return where the objects of *data_dir* are.

    Raises:
        StartError: as for `objects_kind`, or the keys cannot be kept.
    """
    if objects_kind(data_dir, wanted) is ObjectsKind.FILE:
        return FolderPlace(path=data_dir / _FOLDERS[ObjectsKind.FILE])
    return seaweed_place(addresses.url("SeaweedFS"), secrets.get(OBJECTS_SECRET))
