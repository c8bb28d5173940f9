"""The stock client works against our server, and no client gets beyond the store."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import clickhouse_connect
import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from tests.contract.analytics.conftest import PASSWORD, READER_PASSWORD, Store

from trade2026.adapters.clickhouse.sandbox import interface_version

pytestmark = pytest.mark.integration

ROWS = 200_000
SECRET = "a secret on the machine"
TABLE_F = "CREATE TABLE f (x Int8) ENGINE = MergeTree ORDER BY x"
DICTIONARY_F = "CREATE DICTIONARY f (k UInt64) PRIMARY KEY k"

_get_client = cast("Any", clickhouse_connect.get_client)  # pyright: ignore[reportUnknownMemberType]
_arrow = cast("Any", pa)


def client_of(store: Store, **further: Any) -> Any:
    options = {"username": "trade2026", "password": PASSWORD, "database": "trade2026", **further}
    return _get_client(host="127.0.0.1", port=store.port, **options)


@pytest.fixture
def client(store: Store) -> Iterator[Any]:
    with client_of(store) as found:
        found.command("CREATE TABLE t (i Int64, s String) ENGINE = MergeTree ORDER BY i")
        yield found


def ask(store: Store, query: str, *, user: str = "trade2026", **further: Any) -> httpx.Response:
    password = PASSWORD if user == "trade2026" else READER_PASSWORD
    headers = {
        "X-ClickHouse-User": user,
        "X-ClickHouse-Key": password,
        **further.pop("headers", {}),
    }
    return httpx.post(
        f"http://127.0.0.1:{store.port}/",
        params=further.pop("params", {}),
        headers=headers,
        content=query.encode(),
        trust_env=False,
        timeout=60,
    )


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_every_row_of_a_large_insert_is_there(store: Store, client: Any, compress: Any) -> None:
    texts = [f"row {n}" for n in range(ROWS)]
    frame = pd.DataFrame({"i": np.arange(ROWS), "s": texts})
    with client_of(store, compress=compress) as other:
        other.insert_df("t", frame)
        found = other.query_df("SELECT * FROM t ORDER BY i")

    assert client.command("SELECT count(), uniqExact(s) FROM t") == [str(ROWS), str(ROWS)]
    assert list(found["s"]) == texts


def test_arrow_goes_in_and_comes_out(client: Any) -> None:
    given = _arrow.table({"i": _arrow.array(range(1000), _arrow.int64()), "s": ["x"] * 1000})
    client.insert_arrow("t", given)

    assert client.query_arrow("SELECT i FROM t ORDER BY i")["i"].to_pylist() == list(range(1000))


@pytest.mark.parametrize("text", ["plain", "it's", "a\\b", "tab\tnew\nline", "é;--", "{x:Int8}"])
def test_a_parameter_arrives_as_it_was_given(client: Any, text: str) -> None:
    client.insert("t", [[7, text]], column_names=["i", "s"])

    found = client.query(
        "SELECT s FROM {t:Identifier} WHERE s = {s:String} AND i IN {i:Array(Int64)}",
        parameters={"t": "t", "s": text, "i": [7, 8]},
    )

    assert found.result_rows == [(text,)]


def test_decimals_are_exact(client: Any) -> None:
    client.command("CREATE TABLE d (x Decimal(38, 9)) ENGINE = MergeTree ORDER BY x")
    number = Decimal("12345678901234567890123456789.123456789")
    client.insert("d", [[number]], column_names=["x"])

    assert client.query("SELECT x FROM d").result_rows == [(number,)]


def test_an_error_has_the_code_and_the_text_of_clickhouse(store: Store, client: Any) -> None:
    with pytest.raises(DatabaseError, match=r"Code: 60.*nowhere.*UNKNOWN_TABLE"):
        client.query("SELECT * FROM nowhere")

    answer = ask(store, "SELECT")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "62")


def test_a_failed_answer_leaves_nothing_in_the_next(store: Store) -> None:
    failed = ask(store, "SELECT throwIf(number = 200000), 'left' FROM numbers(300000)")

    assert failed.headers["x-clickhouse-exception-code"] == "395"
    assert [ask(store, "SELECT 5").text for _ in range(3)] == ["5\n"] * 3


def test_curl_needs_no_more_than_an_address(store: Store) -> None:
    url = f"http://127.0.0.1:{store.port}/"
    plain = httpx.get(f"{url}ping", trust_env=False)
    query = {"query": "SELECT {x:Int64} + 1", "param_x": "41", "default_format": "JSON"}
    asked = httpx.get(url, params=query, auth=("reader", READER_PASSWORD), trust_env=False)

    assert (plain.status_code, plain.text) == (200, "Ok.\n")
    assert json.loads(asked.content)["rows"] == 1
    assert "42" in asked.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-ClickHouse-User": "trade2026"},
        {"X-ClickHouse-User": "trade2026", "X-ClickHouse-Key": READER_PASSWORD},
        {"X-ClickHouse-User": "default", "X-ClickHouse-Key": ""},
        {"X-ClickHouse-User": "nobody", "X-ClickHouse-Key": "no such user"},
        {"Authorization": "Basic !"},
    ],
)
def test_nobody_is_let_in_without_a_password(store: Store, headers: dict[str, str]) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{store.port}/", headers=headers, content=b"SELECT 1", trust_env=False
    )

    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "516")


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE x (i Int64) ENGINE = Memory",
        "INSERT INTO t VALUES (1, 'a')",
        "INSERT INTO t SELECT 1, 'a'",
        "DROP TABLE t",
        "TRUNCATE TABLE t",
        "ALTER TABLE t DELETE WHERE 1",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_threads = 1",
    ],
)
def test_the_reader_cannot_change_anything(store: Store, client: Any, query: str) -> None:
    client.insert("t", [[1, "kept"]], column_names=["i", "s"])

    refused = ask(store, query, user="reader")

    assert refused.headers["x-clickhouse-exception-code"] == "164"
    assert ask(store, "SELECT s FROM t", user="reader").text == "kept\n"


@pytest.mark.parametrize("user", ["trade2026", "reader"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM file('{path}', 'LineAsString')",
        "SELECT * FROM `{path}`",
        "SELECT * FROM fileCluster('default', '{path}', 'LineAsString')",
        "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{path}'",
        "SELECT 1 FORMAT Protobuf SETTINGS format_schema = '{path}:X'",
        "SELECT 1 INTO OUTFILE '{path}' TRUNCATE",
        "\\i {path}",
        "INSERT INTO t FROM INFILE '{path}' FORMAT LineAsString",
        "INSERT INTO FUNCTION file('{path}', 'CSV', 'x Int8') VALUES (1)",
        "CREATE TABLE f (x String) ENGINE = File(CSV, '{path}')",
        f"{TABLE_F} SETTINGS disk = disk(type=local, path='/tmp/')",
        f"{DICTIONARY_F} SOURCE(FILE(path '{{path}}' format 'CSV')) LAYOUT(FLAT())",
        "CREATE VIEW f AS SELECT * FROM file('{path}', 'LineAsString')",
        "CREATE FUNCTION f AS (x) -> x",
        "CREATE DATABASE f ENGINE = Filesystem('/')",
        "SELECT * FROM url('http://127.0.0.1:{port}/ping', 'LineAsString')",
        "CREATE TABLE f (x String) ENGINE = URL('http://127.0.0.1:{port}/ping', 'CSV')",
        "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
        "SELECT * FROM python(SECRETS)",
        "ALTER TABLE t FREEZE",
        "SYSTEM SHUTDOWN",
        "SET dialect = 'kusto'",
    ],
)
def test_no_client_reaches_the_machine(
    store: Store, client: Any, tmp_path: Path, user: str, query: str
) -> None:
    path = tmp_path / "secret.csv"
    path.write_text(SECRET, "utf-8")
    assert client is not None

    answer = ask(store, query.format(path=path, port=store.port), user=user)

    assert answer.status_code >= 400, answer.text
    assert SECRET not in answer.text
    assert path.read_text("utf-8") == SECRET
    assert ask(store, "SELECT 1").text == "1\n"


@pytest.mark.parametrize(
    "name", ["dialect", "readonly_x", "format_schema", "max_result_bytes", "log_comment", "x;y"]
)
def test_a_setting_that_is_not_for_clients_is_refused(store: Store, name: str) -> None:
    answer = ask(store, "SELECT 1", params={name: "1"})

    assert answer.headers["x-clickhouse-exception-code"] in {"452", "115"}


def test_a_limit_can_be_made_tighter_and_not_wider(store: Store) -> None:
    endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)"
    tight = ask(store, endless, user="reader", params={"max_execution_time": "0.2"})
    wide = ask(store, "SELECT 1", user="reader", params={"max_execution_time": "100000"})

    assert (tight.status_code, tight.headers["x-clickhouse-exception-code"]) == (408, "159")
    assert wide.headers["x-clickhouse-exception-code"] == "452"


def test_an_answer_and_a_body_have_limits(store: Store) -> None:
    large = ask(store, "SELECT repeat('x', 1000) FROM numbers(1000000)", user="reader")
    body = ask(store, "SELECT 1 -- " + "x" * 2_000_000, user="reader")

    assert large.headers["x-clickhouse-exception-code"] in {"241", "396"}
    assert body.status_code == 413


@pytest.mark.skipif(not interface_version(), reason="this kernel has no Landlock")
async def test_the_kernel_holds_the_process(store: Store) -> None:
    log = await asyncio.to_thread((store.data_dir / "logs" / "clickhouse.log").read_text, "utf-8")

    assert "held by the kernel" in log
