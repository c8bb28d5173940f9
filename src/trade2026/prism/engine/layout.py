"""Records in raw memory with named fields, as fast as C structs.

A `Layout` names the fields of a record, their widths and so their places; a kernel that holds
a record says `maker.lots -= traded`, which compiles to a load and a store at an address.
A `Table` is a row of records within a block of memory that begins with a header record; its
place and its length are numbers, or fields of the header where they change as memory grows.
A misspelt field is a compile error. Nothing is counted, locked or copied, so a kernel on
records costs what the same code costs in C: Numba's own arrays cost four times as much here,
for the reference counts that each of them carries through every call.

Where Numba's switch `NUMBA_BOUNDSCHECK` is set, every record that a kernel asks a table for is
checked against the table's length, and an `IndexError` names the table. All kernels build both
ways from the same source; the tests and the fuzzers run the checked build.

Source: Numba's documentation, "Low-level extension API" and "NUMBA_BOUNDSCHECK".
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
)
from numpy.typing import NDArray

Record = Any
"""A record inside a kernel: its address, with the fields of its layout as attributes."""

Row = Any
"""A record outside of kernels, `numpy.void`, shared with the block it lies in."""

Block = NDArray[np.uint8]
"""Memory of a header and its tables, as Python owns it; kernels get its address."""

LINE: Final = 64
"""Bytes of a cache line: blocks begin on one, so that records of this size never straddle two."""

_WORD: Final = ir.IntType(64)


def is_checked() -> bool:
    """Return whether kernels are built with bounds checks."""
    return bool(cast(Any, config).BOUNDSCHECK)


class Layout:
    """The fields of a record: names, widths (`i8 i4 i2 i1 f8`, in bytes), places.

    Args:
        name: for errors.
        fields: name and width of each, in the order in which they lie.
        size: of a record; without it the fields lie close together.
        over: fields that lie over others, by name: width, and the first of those below. They
            let several small fields be written at once.
    """

    def __init__(
        self,
        name: str,
        fields: Mapping[str, str],
        *,
        size: int = 0,
        over: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        plain = np.dtype([(field, width) for field, width in fields.items()])
        places = {field: int(cast(Any, plain.fields)[field][1]) for field in fields}
        widths = dict(fields)
        for field, (width, first) in (over or {}).items():
            widths[field], places[field] = width, places[first]
        assert not size or size >= plain.itemsize, f"{name} has {plain.itemsize} bytes"
        self.name = name
        self.dtype = np.dtype(
            {
                "names": list(places),
                "formats": [widths[field] for field in places],
                "offsets": list(places.values()),
                "itemsize": size or plain.itemsize,
            }
        )
        self.kind = RecordType(name, places_of(self.dtype))
        self.of: Callable[[int], Record] = _caster(self.kind)
        """Within a kernel: the record at an address."""

    @property
    def size(self) -> int:
        """Return the bytes of one record."""
        return self.dtype.itemsize

    @classmethod
    def of_dtype(cls, name: str, dtype: np.dtype[Any]) -> "Layout":
        """Return the layout of records of *dtype*."""
        layout = cls.__new__(cls)
        layout.name = name
        layout.dtype = dtype
        layout.kind = RecordType(name, places_of(dtype))
        layout.of = _caster(layout.kind)
        return layout


Places = tuple[tuple[str, int, str], ...]


def places_of(dtype: np.dtype[Any]) -> Places:
    """Return name, offset and width of each field of *dtype*."""
    return tuple(
        (name, int(offset), f"{form.kind}{form.itemsize}")
        for name, (form, offset, *_) in cast(Any, dtype.fields).items()
    )


class RecordType(types.Type):
    """Numba's type of a record: an address whose attributes are the fields."""

    def __init__(self, name: str, places: Places) -> None:
        self.places = places
        super().__init__(name=f"record_{name}")

    def place(self, field: str) -> tuple[int, str] | None:
        """Return offset and width of *field*, None where there is none."""
        return next(((at, width) for name, at, width in self.places if name == field), None)


@register_model(RecordType)
class _RecordModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _WORD)


_SEEN: Final = {"i": types.int64, "f": types.float64}


@infer_getattr
class _RecordFields(AttributeTemplate):
    key = RecordType

    def generic_resolve(self, typ: Any, attr: str) -> Any:
        place = typ.place(attr)
        return None if place is None else _SEEN[place[1][0]]


def _pointer(builder: Any, address: Any, offset: int, width: str) -> Any:
    bits = 8 * int(width[1:])
    kind = ir.DoubleType() if width == "f8" else ir.IntType(bits)
    at = builder.add(address, _WORD(offset)) if offset else address
    return builder.inttoptr(at, kind.as_pointer())


@lower_getattr_generic(RecordType)
def _load(_context: Any, builder: Any, typ: Any, record: Any, field: str) -> Any:
    offset, width = typ.place(field)
    value = builder.load(_pointer(builder, record, offset, width))
    if width in {"i8", "f8"}:
        return value
    return builder.sext(value, _WORD)


@lower_setattr_generic(RecordType)
def _store(_context: Any, builder: Any, signature: Any, arguments: Any, field: str) -> None:
    record, value = arguments
    offset, width = signature.args[0].place(field)
    if width not in {"i8", "f8"}:
        value = builder.trunc(value, ir.IntType(8 * int(width[1:])))
    builder.store(value, _pointer(builder, record, offset, width))


def _caster(kind: RecordType) -> Callable[[int], Record]:
    def cast_address(_typing: Any, _address: Any) -> Any:
        def generate(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
            return arguments[0]

        return kind(types.int64), generate

    return cast(Callable[[int], Record], intrinsic(cast_address))


def _address(_typing: Any, record: Any) -> Any:
    def generate(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
        return arguments[0]

    return types.int64(record), generate


address_of_record: Final = cast(Callable[[Record], int], intrinsic(_address))
"""Within a kernel: where a record is."""


class Table:
    """A row of records in a block, after its header.

    Args:
        name: for the error of a checked build.
        layout: of each record.
        header: of the block; kernels ask the table with the header's record.
        at: bytes from the header's begin, or the header's field that says how many.
        count: how many records there are, or the header's field that says so.
    """

    def __init__(
        self, name: str, layout: Layout, *, header: Layout, at: int | str, count: int | str
    ) -> None:
        self.name = name
        self.layout = layout
        self.header = header
        self.at = at
        self.count = count

    def getter(self) -> Callable[[Record, int], Record]:
        """Return what a kernel calls with the header and a number to get that record."""
        return _getter(self)

    def view(self, block: Block) -> NDArray[np.void]:
        """Return the records of *block* for Python, `(count,)`, sharing its memory."""
        head = block[: self.header.size].view(self.header.dtype)[0]
        at = int(head[self.at]) if isinstance(self.at, str) else self.at
        count = int(head[self.count]) if isinstance(self.count, str) else self.count
        return block[at : at + count * self.layout.size].view(self.layout.dtype)


def _getter(table: Table) -> Callable[[Record, int], Record]:
    # The places are looked up here, outside the kernel: nothing of the table is left inside.
    at = _part(table.header.kind, table.at)
    count = _part(table.header.kind, table.count)
    size, kind, name = table.layout.size, table.layout.kind, table.name

    def get(_typing: Any, header: Any, _number: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            head, which = arguments
            if is_checked():
                outside = builder.icmp_unsigned(">=", which, count(builder, head))
                with builder.if_then(outside, likely=False):
                    text = (f"no such record in {name}",)
                    context.call_conv.return_user_exc(builder, IndexError, text)
            begin = builder.add(head, at(builder, head))
            return builder.add(begin, builder.mul(which, _WORD(size)))

        return kind(header, types.int64), generate

    return cast(Callable[[Record, int], Record], intrinsic(get))


def _part(header: RecordType, part: int | str) -> Callable[[Any, Any], Any]:
    if isinstance(part, int):
        return lambda _builder, _head: _WORD(part)
    place = header.place(part)
    assert place is not None, f"{header} has no field {part}"
    offset, width = place
    assert width == "i8"
    return lambda builder, head: builder.load(_pointer(builder, head, offset, width))


def new_block(size: int) -> Block:
    """Return *size* zeroed bytes that begin on a cache line."""
    room = np.zeros(size + LINE, np.uint8)
    skip = -room.ctypes.data % LINE
    return room[skip : skip + size]


def block_of(data: bytes) -> Block:
    """Return a block with the bytes of *data*."""
    block = new_block(len(data))
    block[:] = np.frombuffer(data, np.uint8)
    return block


def _count_leading(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


leading_zeros: Final = cast(Callable[[Any], int], intrinsic(_count_leading))
"""Within a kernel: how many high bits of a word that is not zero are zero."""


def _is_before(_typing: Any, _time: Any, _number: Any, _other: Any, _others: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        high, low, other_high, other_low = (builder.zext(word, wide) for word in arguments)
        one = builder.or_(builder.shl(high, wide(64)), low)
        other = builder.or_(builder.shl(other_high, wide(64)), other_low)
        return builder.zext(builder.icmp_signed("<", one, other), ir.IntType(64))

    return types.int64(*4 * [types.int64]), generate


is_before: Final = cast(Callable[[int, int, int, int], int], intrinsic(_is_before))
"""Within a kernel: 1 where a time comes before another, or a number >= 0 does at the same time."""


def _choose(_typing: Any, _is_one: Any, _one: Any, _other: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        is_one, one, other = arguments
        chosen = builder.select(builder.trunc(is_one, ir.IntType(1)), one, other)
        # Else LLVM makes a branch of it where it thinks that quicker.
        chosen.set_metadata("unpredictable", builder.module.add_metadata([]))
        return chosen

    return types.int64(types.int64, types.int64, types.int64), generate


choose: Final = cast(Callable[[Any, int, int], int], intrinsic(_choose))
"""Within a kernel: the second where the first is 1, the third where it is 0, without guessing."""


def _prefetch(_typing: Any, _record: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        # To be written, to be kept in every cache, data.
        builder.call(call, [builder.inttoptr(arguments[0], byte), flag(1), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(_record), generate


prefetch: Final = cast(Callable[[Record], None], intrinsic(_prefetch))
"""Within a kernel: have the processor fetch a record that will be needed soon."""


def _stay_out_of_line(_typing: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


out_of_line: Final = cast(Callable[[], None], intrinsic(_stay_out_of_line))
"""Within a kernel, first: its code stands once and is called, however short it is."""
