"""The web application's files: read whole into memory, served by their names.

Only what was found in the bundle's folder can be asked for: a request's path is a key of a
table and never a path of the file system. Files under ``assets/`` carry a hash of their
content in their names and are kept for good by browsers; all others are asked about again
each time. A file with a sibling ``.br`` or ``.gz`` is sent compressed to who accepts it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

INDEX: Final = "index.html"
BUNDLE: Final = Path(__file__).parent / "bundle"
"""Where the build puts the application; not there in a checkout that was never built."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"

# Of our own: the system's table differs from machine to machine. To those of text the library
# adds the charset.
MIME_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
UNKNOWN_TYPE: Final = "application/octet-stream"

_IDENTITY: Final = ""
_SUFFIXES: Final = {".br": "br", ".gz": "gzip"}
_PREFERRED: Final = ("br", "gzip")


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the bundle."""

    mime_type: str
    etag: str
    """Quoted, of the uncompressed content."""
    cache_control: str
    bodies: Mapping[str, bytes]
    """By content coding; the empty one is the file itself."""

    def body_for(self, accept_encoding: str) -> tuple[str, bytes]:
        """Return the best content coding that the sender accepts, and the body in it."""
        for coding in _PREFERRED:
            if coding in self.bodies and _accepts(accept_encoding, coding):
                return coding, self.bodies[coding]
        return _IDENTITY, self.bodies[_IDENTITY]


class Bundle:
    """The files as they were when the bundle was last built."""

    def __init__(self, folder: Path = BUNDLE) -> None:
        self._folder = folder
        self._built: tuple[int, int] | None = None
        self._assets: dict[str, Asset] = {}

    def find(self, path: str) -> Asset | None:
        """Return the file of that path below the folder, such as ``assets/index-1a2b.js``."""
        self._refresh()
        return self._assets.get(path)

    @property
    def index(self) -> Asset | None:
        """Return the application's page, None where the bundle was never built."""
        return self.find(INDEX)

    def _refresh(self) -> None:
        # The build writes its page last, so that a new page means new files.
        try:
            found = (self._folder / INDEX).stat()
        except OSError:
            self._built, self._assets = None, {}
            return
        built = (found.st_mtime_ns, found.st_size)
        if built != self._built:
            self._assets = dict(_read(self._folder))
            self._built = built


def is_accepted(accept: str, kind: str) -> bool:
    """Return whether an `Accept` header names *kind*; ``*/*`` alone does not count."""
    return any(part.partition(";")[0].strip().lower() == kind for part in accept.split(","))


def _accepts(accept_encoding: str, coding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        name, _, rest = part.partition(";")
        if name.strip() == coding:
            quality = rest.replace(" ", "").removeprefix("q=")
            # Zero, however it is spelled, is a refusal (RFC 9110, section 12.4.2).
            return not quality or bool(quality.strip("0."))
    return False


def _read(folder: Path) -> Mapping[str, Asset]:
    # A link could lead out of the folder, so none is followed.
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    assets: dict[str, Asset] = {}
    for name, body in contents.items():
        suffix = Path(name).suffix
        if suffix in _SUFFIXES and name.removesuffix(suffix) in contents:
            continue
        siblings = {
            coding: contents[name + ending]
            for ending, coding in _SUFFIXES.items()
            if name + ending in contents
        }
        assets[name] = Asset(
            mime_type=MIME_TYPES.get(suffix, UNKNOWN_TYPE),
            etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            cache_control=IMMUTABLE if name.startswith("assets/") else ASK_AGAIN,
            bodies={_IDENTITY: body, **siblings},
        )
    return assets
