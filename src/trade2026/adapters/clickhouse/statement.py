r"""Look at a statement before the engine does: one statement, of a known kind, with no way out.

The engine is a client and a server in one, and its client half obeys words that no grant covers:
files are read by ``INFILE`` and ``\i`` and written by ``OUTFILE``, and ``python()`` reads the
variables of this process. So the text is cut into tokens and put together again without its
comments: what was looked at is what the engine gets. What may be spelled in more than one way
(escapes in names, heredocs, curly quotes) is refused instead of understood.

This is the first of three fences; the engine's own rights (`rights`) and the kernel (`sandbox`)
stand behind it.

Source: ClickHouse 26.5, `src/Parsers/Lexer.cpp`; SQL reference, "Syntax".
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from trade2026.core.errors import QueryRefusedError

QUERY_CHARS_MAX: Final = 262_144
"""The engine's own `max_query_size`."""

SYNTAX_ERROR: Final = 62
NOT_IMPLEMENTED: Final = 48
READONLY: Final = 164
ACCESS_DENIED: Final = 497

READ_VERBS: Final = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"})
WRITE_VERBS: Final = frozenset({"INSERT", "CREATE", "ALTER", "DROP", "TRUNCATE", "OPTIMIZE"})

_INSERT: Final = "INSERT"
_FORBIDDEN_WORDS: Final = frozenset({"OUTFILE", "INFILE"})
_FORBIDDEN_CALLS: Final = frozenset({
    *("python", "file", "filecluster", "filesystem", "url", "urlcluster", "executable"),
    *("s3", "s3cluster", "gcs", "oss", "cosn", "hudi", "hudicluster", "ytsaurus", "redis"),
    *("remote", "remotesecure", "cluster", "clusterallreplicas", "jdbc", "odbc"),
})  # fmt: skip

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>[ \t\r\n\f\v]+|--[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\]|\\.|'')*')
    |(?P<name>`[^`\\]+`|"[^"\\]+")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9][A-Za-z0-9_]*)
    |(?P<end>;)
    |(?P<sign>(?!/\*)[-+*/%=<>!|?:^.,()\[\]{}@~])
    """,
    re.VERBOSE | re.DOTALL,
)
_DATA_BREAK: Final = re.compile(r"[ \t]*(?:\r?\n)?")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that may be given to the engine."""

    verb: str
    """The first word, in capitals."""
    text: str
    """Without comments; of an INSERT with data the part before ``VALUES`` or ``FORMAT``."""
    input_format: str = ""
    """Of the data of an INSERT; empty when the statement brings none."""
    data_at: int = 0
    """Where in the text that was given the data begin."""
    output_format: str = ""
    """The last ``FORMAT`` of the text, empty without one."""

    @property
    def is_read(self) -> bool:
        """Return whether it changes nothing."""
        return self.verb in READ_VERBS


class _Token(NamedTuple):
    kind: str
    text: str
    end: int
    gap: str = ""
    """A blank where blanks or comments stood before it."""

    @property
    def word(self) -> str:
        """The word in capitals, empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def callable_name(self) -> str:
        if self.kind == "name":
            return self.text[1:-1].lower()
        return self.text.lower() if self.kind == "word" else ""


def read_statement(text: str) -> Statement:
    """Return the statement in *text*.

    Raises:
        QueryRefusedError: it is none that this server takes; the text says why.
    """
    tokens = _tokens(text)
    parts: list[_Token] = []
    for token in tokens:
        parts.append(token)
        if parts[0].word == _INSERT and token.word in {"VALUES", "FORMAT"} and _is_target(parts):
            return _insert(text, parts, tokens)
        if token.kind == "end":
            break
    for token in tokens:
        if token.kind != "end":
            raise _refused(SYNTAX_ERROR, "one statement a request: there is more behind the ';'")
    if parts and parts[-1].kind == "end":
        parts.pop()
    return _plain(parts)


def _plain(parts: list[_Token]) -> Statement:
    verb = next((part.word for part in parts if part.text != "("), "")
    if not verb:
        raise _refused(SYNTAX_ERROR, "the query is empty or begins with no word")
    if verb not in READ_VERBS | WRITE_VERBS:
        known = ", ".join(sorted(READ_VERBS | WRITE_VERBS))
        raise _refused(ACCESS_DENIED, f"{verb} is not for clients; there are {known}")
    if verb == _INSERT:
        _require_select(parts)
    if verb == "DROP" and {part.word for part in parts} & {"SYNC", "DELAY"}:
        # The embedded engine gives the space back when it starts, and would wait until then.
        raise _refused(NOT_IMPLEMENTED, "DROP without SYNC: space is given back at a start")
    *_, before, last = [_Token("", "", 0), *parts]
    output = last.text if before.word == "FORMAT" and last.kind == "word" else ""
    return Statement(verb=verb, text=_joined(parts), output_format=output)


def _insert(text: str, parts: list[_Token], tokens: Iterator[_Token]) -> Statement:
    *target, keyword = parts
    if keyword.word == "VALUES":
        name, end = "Values", keyword.end
    else:
        named = next(tokens, keyword)
        if named.kind != "word" or named is keyword:
            raise _refused(SYNTAX_ERROR, "FORMAT wants the name of a format")
        name, end = named.text, named.end
        broken = _DATA_BREAK.match(text, end)
        end = broken.end() if broken else end
    return Statement(verb=_INSERT, text=_joined(target), input_format=name, data_at=end)


def _is_target(parts: list[_Token]) -> bool:
    """Return whether INSERT INTO, a name and perhaps columns stand before the last token."""
    words = [part.word for part in parts[:-1]]
    if words[:2] != [_INSERT, "INTO"] or "SELECT" in words:
        return False
    named = parts[3:-1] if words[2:3] == ["TABLE"] else parts[2:-1]
    depth = sum((part.text == "(") - (part.text == ")") for part in named)
    if not named or depth:
        return False
    if named[0].word == "FUNCTION" or named[0].kind not in {"word", "name"}:
        raise _refused(ACCESS_DENIED, "INSERT INTO wants the name of a table")
    return True


def _require_select(parts: list[_Token]) -> None:
    words = {part.word for part in parts}
    if not words & {"SELECT", "WITH"}:
        raise _refused(SYNTAX_ERROR, "INSERT wants VALUES, a FORMAT with data, or a SELECT")
    if any(_is_call(parts, n, {"input"}) for n in range(len(parts))):
        raise _refused(NOT_IMPLEMENTED, "input() is not here; insert first, then select from there")


def _tokens(text: str) -> Iterator[_Token]:
    """Yield what *text* consists of, blanks left out, refusing what no client may say."""
    at, gap, before = 0, "", _Token("", "", 0)
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _refused(SYNTAX_ERROR, f"cannot be read at position {at + 1}: {text[at]!r}")
        at = found.end()
        if at > QUERY_CHARS_MAX:
            raise _refused(SYNTAX_ERROR, f"longer than {QUERY_CHARS_MAX} characters")
        kind = found.lastgroup or ""
        if kind == "blank":
            gap = " "
            continue
        token = _Token(kind, found.group(), at, gap)
        if token.word in _FORBIDDEN_WORDS:
            raise _refused(ACCESS_DENIED, f"{token.word}: files are not for clients")
        if token.text == "(" and before.callable_name in _FORBIDDEN_CALLS:
            why = f"{before.callable_name}() reaches beyond this store"
            raise _refused(ACCESS_DENIED, why)
        yield token
        gap, before = "", token


def _is_call(parts: list[_Token], n: int, names: set[str]) -> bool:
    return parts[n].callable_name in names and [part.text for part in parts[n + 1 : n + 2]] == ["("]


def _joined(parts: list[_Token]) -> str:
    """Return the tokens as one text, apart where they were apart."""
    return "".join(part.gap + part.text for part in parts).strip()


def _refused(code: int, why: str) -> QueryRefusedError:
    return QueryRefusedError(code, why)
