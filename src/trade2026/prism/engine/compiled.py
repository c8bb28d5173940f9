"""How kernels are compiled and kept: the only module that asks Numba for anything.

Numba notices a changed file only for the functions in it, not for the callers that were
compiled with them; a kernel cache that outlives an update would go on with the old rules.
So the cache lies in a folder named by a digest of all kernel sources: other sources, other
folder. `NUMBA_CACHE_DIR`, where set, says under which folder. `remove_stale` takes away those
of sources that are gone.

Source: Numba's documentation, "Caching limitations".
"""

import hashlib
import shutil
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba._dynfunc import make_function
from numba.core import config
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.cpu import CPUContext
from numba.extending import intrinsic
from numpy.typing import NDArray

from trade2026.prism.engine.layout import RecordType, is_checked

Words = NDArray[np.int64]
"""Tables of whole numbers that go in and out of kernels."""

Cells = Any
"""A table of whole numbers inside a kernel, where Numba decides the types."""

COMPILING: Final = threading.RLock()
"""Held by the one thread that compiles."""

_PRISM: Final = Path(__file__).parents[1]
_FOLDER: Final = "kernels-"
_SOURCES: Final = ("engine", "agents", "price", "loop.py", "floorplan.py")

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


@cache
def sources_digest() -> str:
    """Return a digest of all that is compiled: another one may play the same inputs otherwise."""
    digest = hashlib.blake2b(b"checked" if is_checked() else b"", digest_size=8)
    for name in _SOURCES:
        place = _PRISM / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else (place,):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Return the folder that keeps the kernels of the sources as they are."""
    asked = cast(Any, config).CACHE_DIR
    base = Path(asked) if asked else _PRISM / "__pycache__"
    return base / f"{_FOLDER}{sources_digest()}"


def is_kept(function: Callable[..., Any]) -> bool:
    """Return whether *function* was compiled before, by this process or another."""
    return any(cache_folder().rglob(f"*.{function.__name__}-*.nbi"))


def remove_stale() -> None:
    """Remove the kernels of other sources than those that run."""
    own = cache_folder()
    for folder in own.parent.glob(f"{_FOLDER}*"):
        if folder != own:
            # Another process may remove it at the same time.
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _own_cache() -> Generator[None]:
    settings = cast(Any, config)  # Numba sets its attributes from the environment.
    # They are the process's: of two threads, one would take the other's folder away.
    with COMPILING:
        asked = settings.CACHE_DIR
        settings.CACHE_DIR = str(cache_folder())
        try:
            yield
        finally:
            settings.CACHE_DIR = asked


@contextmanager
def _as_a_part() -> Generator[None]:
    # What a kernel calls becomes part of it, and is optimised and made machine code there. Numba
    # does both for each called kernel by itself as well, with all that this one calls in turn:
    # a third of a cold start.
    lightly = type(cast(Any, config).OPT)(0)
    with (
        _swapped(config, "OPT", lightly),
        _swapped(JITCPUCodegen, "_add_module", _nothing),
        _swapped(JITCodeLibrary, "_finalize_specific", _nothing),
        _swapped(CPUContext, "get_executable", _stand_in),
    ):
        yield


@contextmanager
def _swapped(owner: object, name: str, other: object) -> Generator[None]:
    own = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, own)


def _nothing(*_: object) -> None:
    pass


def _stand_in(_context: Any, library: Any, function: Any, environment: Any) -> Any:
    # Numba keeps it by the kernel's name and never calls it: a kernel has no Python entry.
    name = function.qualname.split(".")[-1]
    module = function.lookup_module()
    return make_function(module, name, "", id(library), environment, (library,))


def kernel(function: _Kernel) -> _Kernel:
    """Compile *function* into every kernel that calls it; it costs no call."""
    return _compiled(function, forceinline=True, no_cpython_wrapper=True)


def rare_kernel(function: _Kernel) -> _Kernel:
    """Compile *function* once, to be called by kernels: what is seldom stays out of the way."""
    return _compiled(function, forceinline=False, no_cpython_wrapper=True)


def entry(function: _Kernel) -> _Kernel:
    """Compile *function*, to be called from Python, at its first call, or load what is kept.

    What it calls is kept with it.
    """
    with _own_cache():
        return _compiled(function, forceinline=False, cache=True)


def _compiled(function: _Kernel, **options: bool) -> _Kernel:
    settings = {"nogil": True, "error_model": "numpy"} | options
    compiled = cast(Any, njit)(**settings)(function)
    resolve = compiled.get_call_template

    def resolve_plainly(arguments: Sequence[Any], keywords: Any) -> Any:
        with _as_a_part():
            return resolve([types.unliteral(argument) for argument in arguments], keywords)

    # Numba would compile a kernel again for every constant that one passes to another: twice
    # the time at a cold start, for nothing.
    compiled.get_call_template = resolve_plainly
    return cast(_Kernel, compiled)


def address_of(function: Callable[..., float], records: tuple[RecordType, ...]) -> int:
    """Return the machine address of a kernel that others call by it, compiled now or loaded.

    The address stays valid as long as the process lives.

    Args:
        function: of records and a whole number.
        records: the types of the records.
    """
    signature = types.int64(*records, types.int64)
    with _own_cache():
        compiled = _COMPILED.get((function, records))
        if compiled is None:
            # One that was typed in, in a notebook say, is in no file to keep it beside.
            is_kept_beside = Path(function.__code__.co_filename).is_file()
            compiled = cfunc(signature, cache=is_kept_beside, error_model="numpy")(function)
            _COMPILED[function, records] = compiled
    return cast(int, compiled.address)


_COMPILED: Final[dict[tuple[Callable[..., float], tuple[RecordType, ...]], Any]] = {}
"""Keeps those kernels alive: their addresses are in use."""


def _call(given: tuple[Any, ...]) -> Any:
    """Return what Numba needs to call a kernel of parameters *given*, by an address before them."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        if is_checked():
            unset = builder.icmp_unsigned("==", arguments[0], ir.IntType(64)(0))
            with builder.if_then(unset, likely=False):
                text = ("no kernel at this address",)
                context.call_conv.return_user_exc(builder, RuntimeError, text)
        values = [context.get_value_type(kind) for kind in given]
        function = ir.FunctionType(context.get_value_type(types.int64), values)
        pointer = builder.inttoptr(arguments[0], function.as_pointer())
        return builder.call(pointer, arguments[1:])

    return types.int64(types.int64, *given), generate


# Numba counts an intrinsic's parameters, so they stand one by one.


def _wake_at(
    _typing: Any,
    _address: Any,
    book: Any,
    outbox: Any,
    agent: Any,
    mind: Any,
    value: Any,
    now: Any,
) -> Any:
    return _call((book, outbox, agent, mind, value, now))


wake_at: Final = cast(Callable[..., int], intrinsic(_wake_at))
"""Call, within a kernel, the agent's kernel at an address; the other arguments are its own."""


def _call_at(_typing: Any, _address: Any, book: Any, tape: Any, message: Any, what: Any) -> Any:
    return _call((book, tape, message, what))


call_at: Final = cast(Callable[..., int], intrinsic(_call_at))
"""Call, within a kernel, that of `engine/seldom.py` at an address."""
