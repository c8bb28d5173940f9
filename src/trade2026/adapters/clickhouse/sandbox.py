"""Let the kernel hold this process: its own folder, the libraries it runs on, and no network.

Whatever a query finds in the engine, the process cannot open the platform's secrets or any
other file of its owner, run a program, or connect to anything. Connections are taken only on
the socket that was bound before. It can be neither lifted nor widened again.

Source: Linux 5.13 and newer, landlock(7); `include/uapi/linux/landlock.h`.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38

_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_TRUNCATE: Final = 1 << 14
_READ: Final = _READ_FILE | _READ_DIR
_RIGHTS_BY_ABI: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every right on files that a version of the interface knows."""
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_NETWORK: Final = 0b11
"""Binding and connecting by TCP; since version 4."""
_NETWORK_ABI: Final = 4
_SCOPES: Final = 0b11
"""Abstract sockets and signals to others; since version 6."""
_SCOPES_ABI: Final = 6

# What the interpreter, the C library and the engine read while they run.
_SYSTEM: Final = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/proc/self", "/proc/meminfo", "/proc/stat"),
    *("/proc/cpuinfo", "/proc/loadavg", "/proc/sys", "/proc/pressure"),
    *("/dev/urandom", "/dev/random"),
)
_DEVICES: Final = ("/dev/null",)


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def interface_version() -> int:
    """Return the version of the kernel's interface, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(_libc().syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG), 0)


def confine(folder: Path, readable: Iterable[Path]) -> bool:
    """Confine this process, and return whether this kernel can.

    Call it before a thread is started: only the caller's thread and what it starts are held.

    Args:
        folder: May be written.
        readable: Folders that may be read, besides the system's libraries.

    Raises:
        OSError: the kernel could and did not.
    """
    abi = interface_version()
    if not abi:
        return False
    handled = _RIGHTS_BY_ABI[max(known for known in _RIGHTS_BY_ABI if known <= abi)]
    ruleset = _Ruleset(
        fs=handled,
        net=_NETWORK if abi >= _NETWORK_ABI else 0,
        scoped=_SCOPES if abi >= _SCOPES_ABI else 0,
    )
    libc = _libc()
    rules = _done(libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0))
    try:
        _allow(rules, folder, handled & ~_EXECUTE)
        for path in (*map(Path, _SYSTEM), *readable):
            _allow(rules, path, handled & _READ)
        for path in map(Path, _DEVICES):
            _allow(rules, path, handled & (_READ_FILE | _WRITE_FILE))
        _done(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _done(libc.syscall(_RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)
    return True


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # Not on this machine.
        return
    try:
        allowed = rights if path.is_dir() else rights & _OF_FILES
        rule = _PathBeneath(allowed=allowed, parent_fd=descriptor)
        _done(_libc().syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _done(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
