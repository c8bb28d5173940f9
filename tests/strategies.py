"""Hypothesis strategies for the model: any message of any type that the bus carries.

Made from the types themselves, so that a new message or a new field is covered on the day it
is written. Nothing here knows what a message means: see `tests/factories.py` for valid ones.
"""

from typing import Any, Final

from hypothesis import strategies as st
from msgspec import inspect

from trade2026.core.numbers import VALUE_LIMIT, Value
from trade2026.model.subjects import SUBJECTS, Command

int64s: Final = st.integers(-(2**63), 2**63 - 1)
values: Final = st.integers(-VALUE_LIMIT, VALUE_LIMIT - 1).map(Value)

_PLAIN: Final[dict[type[inspect.Type], st.SearchStrategy[Any]]] = {
    inspect.BoolType: st.booleans(),
    inspect.BytesType: st.binary(max_size=20),
    # The only type of ours that the wire writes in a form of its own.
    inspect.CustomType: values,
    inspect.FloatType: st.floats(allow_nan=False),
    inspect.IntType: int64s,
    inspect.NoneType: st.none(),
    inspect.StrType: st.text(max_size=20),
}


def message_kinds() -> tuple[Any, ...]:
    """Return every type that a subject carries: structs, and unions of them."""
    kinds: list[Any] = []
    for subject in SUBJECTS:
        if isinstance(subject, Command):
            kinds += [subject.request, subject.reply]
        else:
            kinds.append(subject.message)
    return tuple(dict.fromkeys(kinds))


def messages(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for messages of type *kind*, within what the wire can carry."""
    return of_type(inspect.type_info(kind))


def of_type(info: inspect.Type) -> st.SearchStrategy[Any]:
    """Return a strategy for values of the type that *info* describes."""
    match info:
        case inspect.StructType():
            fields = {field.name: of_type(field.type) for field in info.fields}
            return st.builds(info.cls, **fields)
        case inspect.EnumType():
            return st.sampled_from(list(info.cls))
        case inspect.UnionType():
            return st.one_of([of_type(one) for one in info.types])
        case inspect.VarTupleType():
            return st.lists(of_type(info.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(of_type(info.key_type), of_type(info.value_type), max_size=3)
        case _:
            return _PLAIN[type(info)]
