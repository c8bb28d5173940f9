"""The same content has one form and one checksum; other content has another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.errors import InvalidInputError
from trade2026.library.content import CONFIG_BYTES_MAX, canonical_config, checksum_of
from trade2026.ports.library import EntityKind, Requirement

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def a_need(name: str, versions: str = "*") -> Requirement:
    return Requirement(entity_id=f"id-{name}", kind=EntityKind.MODEL, name=name, versions=versions)


def test_keys_are_sorted_and_numbers_stay_exact() -> None:
    raw = b'{"b": 0.1000000000000000000000000001, "a": {"z": 1.10, "y": 123456789012345678901}}'

    canonical = canonical_config(raw)

    assert canonical == (
        b'{"a":{"y":123456789012345678901,"z":1.10},"b":0.1000000000000000000000000001}'
    )


@given(value=st.dictionaries(st.text(max_size=5), json_values))
def test_the_canonical_form_of_itself_is_itself(value: dict[str, object]) -> None:
    import json  # noqa: PLC0415 - the other library is the point.

    canonical = canonical_config(json.dumps(value).encode())

    assert json.loads(canonical) == value
    assert canonical_config(canonical) == canonical


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{", b"[]", b"1", b"null", b'{"a": NaN}', b'{"a": "\xff"}', b'{"a": "\\ud800"}'),
        b'{"a": 1e99999999999999999999}',
        b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"a": "' + b"x" * CONFIG_BYTES_MAX + b'"}',
    ],
)
def test_what_cannot_be_kept_exactly_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInputError) as refused:
        canonical_config(raw)

    assert refused.value.field == "config"


def test_the_checksum_is_of_configuration_and_requirements_in_any_order() -> None:
    config = canonical_config(b'{"fast": 12}')
    needs = [a_need("a"), a_need("b")]

    checksum = checksum_of(config, needs)

    assert checksum == checksum_of(config, needs[::-1])
    assert len({checksum, checksum_of(b"{}", needs), checksum_of(config, needs[:1])}) == 3
    assert checksum != checksum_of(config, [a_need("a"), a_need("b", "^1")])
