"""The parent orders that are known: a fold over their log, with snapshots.

What runs is kept, and the newest of what has ended. Of older ones the key alone is known, so that
one that is asked for again is not worked again.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from trade2026.core.errors import RefusedError
from trade2026.core.newest import Newest
from trade2026.desk.snapshots import Keeper
from trade2026.domain.execution.parent import Parent, apply
from trade2026.model.algo import AlgoEvent, AlgoRequest

SNAPSHOT_RULES: Final = 2
"""To be raised whenever the same events come to something else."""
ENDED_KEPT: Final = 2_000


class KnownKey(msgspec.Struct, frozen=True, array_like=True):
    """Under which key of its sender a parent was begun."""

    account: str
    cl_algo_id: str
    algo_id: str


class ParentsState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the parents can be made of again."""

    parents: tuple[Parent, ...]
    """In the order in which they began."""
    ended: tuple[str, ...]
    """Of those, which have ended, the oldest first."""
    keys: tuple[KnownKey, ...]


class Parents:
    """Every parent that is not forgotten; mutable, nothing but memory.

    Args:
        ended_kept: how many of those that ended are kept.
    """

    def __init__(self, ended_kept: int = ENDED_KEPT) -> None:
        self._parents: dict[str, Parent] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._forgotten: set[str] = set()
        self._ended_kept = ended_kept
        self._ended = Newest[str, str](ended_kept)

    def keeper(self, on_thaw: Callable[[Parent], None]) -> Keeper[ParentsState]:
        """Return this as its snapshots see it; *on_thaw* is called for each that still runs."""

        def thaw(state: ParentsState) -> None:
            self.thaw(state)
            for parent in state.parents:
                if not parent.is_done:
                    on_thaw(parent)

        return Keeper(
            fold="algos", state=ParentsState, rules=SNAPSHOT_RULES, freeze=self.freeze, thaw=thaw
        )

    def freeze(self) -> ParentsState:
        """Return all that this can be made of again."""
        return ParentsState(
            parents=tuple(self._parents.values()),
            ended=tuple(self._ended),
            keys=tuple(KnownKey(*key, algo_id) for key, algo_id in self._by_key.items()),
        )

    def thaw(self, state: ParentsState) -> None:
        """Begin from *state*, which another one was frozen to."""
        self._parents = {one.request.algo_id: one for one in state.parents}
        self._by_key = {(one.account, one.cl_algo_id): one.algo_id for one in state.keys}
        self._forgotten = set(self._by_key.values()) - self._parents.keys()
        self._ended = Newest(self._ended_kept, ((one, one) for one in state.ended))

    def get(self, algo_id: str) -> Parent | None:
        """Return the parent of that id, if it is here."""
        return self._parents.get(algo_id)

    def __getitem__(self, algo_id: str) -> Parent:
        """Return the parent of that id, which is here."""
        return self._parents[algo_id]

    def newest(self) -> list[Parent]:
        """Return every parent, newest first."""
        return [self._parents[algo_id] for algo_id in sorted(self._parents, reverse=True)]

    def begun_as(self, request: AlgoRequest) -> Parent | None:
        """Return the parent that was begun under the key of *request*, or None.

        Raises:
            RefusedError: there was one, and it is forgotten.
        """
        known = self._by_key.get((request.account, request.cl_algo_id))
        if known is not None and known not in self._parents:
            text = f"client_algo_id {request.cl_algo_id} belongs to an algorithm of long ago"
            raise RefusedError(text)
        return None if known is None else self._parents[known]

    def put(self, parent: Parent) -> None:
        """Take *parent* as it stands by its children."""
        self._parents[parent.request.algo_id] = parent

    def apply(self, event: AlgoEvent) -> Parent | None:
        """Book *event*, and return its parent; None where that is forgotten."""
        algo_id = event.algo_id
        if algo_id in self._forgotten:
            return None
        parent = self._parents[algo_id] = apply(self._parents.get(algo_id), event)
        self._by_key[parent.request.account, parent.request.cl_algo_id] = algo_id
        return parent

    def end(self, algo_id: str) -> Sequence[str]:
        """Take note that the log has told of an end; return who are forgotten for it."""
        if algo_id in self._forgotten:
            return ()
        oldest = self._ended.keep(algo_id, algo_id)
        for one in oldest:
            del self._parents[one]
        self._forgotten.update(oldest)
        return oldest
