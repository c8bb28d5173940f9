"""Messages and events are records of fixed size that need no compiler to be read."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from trade2026.model.order import OrdType, SelfTradePrevention, TimeInForce
from trade2026.prism.engine.event import MARKET_EVENT
from trade2026.prism.engine.message import FORCE_OF, KIND_OF, MESSAGE, STP_OF, Force, Kind, Stp

SRC: Final = Path(__file__).parents[4] / "src"


@pytest.mark.parametrize(("record", "size"), [(MESSAGE, 64), (MARKET_EVENT, 96)])
def test_a_record_has_its_size_and_no_gaps_but_at_its_end(
    record: np.dtype[np.void], size: int
) -> None:
    assert record.fields is not None
    places = sorted((place, column.itemsize) for column, place, *_ in record.fields.values())

    assert record.itemsize == size
    assert [place + width for place, width in places[:-1]] == [b[0] for _, b in pairwise(places)]
    assert all(place % width == 0 for place, width in places)


def test_every_word_of_the_platform_has_its_number() -> None:
    assert KIND_OF.keys() == set(OrdType)
    assert set(KIND_OF.values()) == set(Kind)
    assert FORCE_OF.keys() == set(TimeInForce)
    assert set(FORCE_OF.values()) == set(Force)
    assert STP_OF.keys() == set(SelfTradePrevention)
    assert set(STP_OF.values()) == set(Stp)


def test_reading_records_and_the_plain_book_needs_no_compiler() -> None:
    program = (
        "import sys; from trade2026.prism.engine import event, message, reference;"
        "sys.exit('numba' in sys.modules)"
    )

    done = subprocess.run(["env", f"PYTHONPATH={SRC}", sys.executable, "-c", program], check=False)

    assert done.returncode == 0
