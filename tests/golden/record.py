"""Records the bytes of message types that have none yet; what is recorded is never replaced.

Run `python -m tests.golden.record` after adding a message type. Each file of `messages/`
holds a comment, the bytes in hexadecimal, and the message as it must be read. An old file is
a promise to logs that were written long ago. Only where a field was added with a default, the
message as it is read is extended by hand.
"""

from pathlib import Path
from typing import Any, Final

from msgspec import inspect
from tests.strategies import message_kinds

from trade2026.core.numbers import VALUE_LIMIT, Value
from trade2026.model import codec

FOLDER: Final = Path(__file__).parent / "messages"


def examples() -> dict[str, tuple[Any, Any]]:
    """Return, by name of the recording, the type to read it as and the message.

    Each member of a union has a recording of its own, read back as the union.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for kind in message_kinds():
        info = inspect.type_info(kind)
        members = info.types if isinstance(info, inspect.UnionType) else (info,)
        for member in members:
            assert isinstance(member, inspect.StructType)
            name = member.cls.__name__
            found[name] = (kind, example_of(member, name))
    return found


def example_of(info: inspect.Type, name: str) -> Any:
    """Return a value of the type that *info* describes, with every optional part present."""
    # The largest of each kind: a change of width would show.
    plain: dict[type[inspect.Type], Any] = {
        inspect.BoolType: True,
        inspect.BytesType: b"\x00\xff",
        inspect.CustomType: Value(-VALUE_LIMIT + len(name)),
        inspect.FloatType: -0.1 * len(name),
        inspect.IntType: 2**63 - len(name),
        inspect.StrType: name,
    }
    match info:
        case inspect.StructType():
            return info.cls(**{f.name: example_of(f.type, f.name) for f in info.fields})
        case inspect.EnumType():
            return list(info.cls)[-1]
        case inspect.UnionType():
            present = [one for one in info.types if not isinstance(one, inspect.NoneType)]
            return example_of(present[0], name)
        case inspect.VarTupleType():
            return (example_of(info.item_type, name), example_of(info.item_type, name))
        case inspect.DictType():
            return {example_of(info.key_type, name): example_of(info.value_type, name)}
        case _:
            return plain[type(info)]


def record() -> list[Path]:
    """Write the recordings that are missing, and return which."""
    written: list[Path] = []
    FOLDER.mkdir(exist_ok=True)
    for name, (_, message) in examples().items():
        path = FOLDER / f"{name}.txt"
        if not path.exists():
            data = codec.encode(message).hex()
            lines = [data[start : start + 96] for start in range(0, len(data), 96)]
            path.write_text("\n".join([f"# {name}", *lines, "", repr(message), ""]), "utf-8")
            written.append(path)
    return written


def read(path: Path) -> tuple[bytes, str]:
    """Return the recorded bytes, and how the message must look when it is read."""
    head, _, shown = path.read_text("utf-8").partition("\n\n")
    return bytes.fromhex("".join(head.splitlines()[1:])), shown.strip()


if __name__ == "__main__":
    for path in record():
        print(path.name)  # noqa: T201 - a command says what it did.
