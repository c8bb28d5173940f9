"""What may be asked of the embedded engine: one statement, of a known kind, with no way out."""

import pytest

from trade2026.adapters.clickhouse.statement import read_statement
from trade2026.core.errors import QueryRefusedError


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "select 1.5, 1>=1, a->b, x::Int8, [1,2][1], 'a;b', `a b`, \"c\" from t",
        "SELECT a FROM t WHERE {x:Array(Int8)} = y",
        "WITH 1 AS x SELECT x",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "INSERT INTO a SELECT * FROM b",
        "SELECT 'it is ''quoted'' and \\' too', 'OUTFILE python('",
    ],
)
def test_what_is_a_statement_is_given_to_the_engine_as_it_is(text: str) -> None:
    assert read_statement(text).text == text


def test_comments_are_left_out_and_one_semicolon_may_end_it() -> None:
    found = read_statement("SELECT/* one\n; */1 -- two ; INTO OUTFILE\n FORMAT JSON ; -- end")

    assert (found.text, found.output_format) == ("SELECT 1 FORMAT JSON", "JSON")


@pytest.mark.parametrize(
    ("text", "head", "input_format", "data"),
    [
        ("INSERT INTO t VALUES (1, 'OUTFILE;')", "INSERT INTO t", "Values", " (1, 'OUTFILE;')"),
        ("insert into d.t (a, `b`)\nFORMAT CSV\n1;2", "insert into d.t (a, `b`)", "CSV", "1;2"),
        ("INSERT INTO TABLE t FORMAT TSV \r\n\n1", "INSERT INTO TABLE t", "TSV", "\n1"),
        ("INSERT INTO format FORMAT RowBinary", "INSERT INTO format", "RowBinary", ""),
        ("INSERT INTO t (values) VALUES (1)", "INSERT INTO t (values)", "Values", " (1)"),
    ],
)
def test_the_data_of_an_insert_are_not_looked_at(
    text: str, head: str, input_format: str, data: str
) -> None:
    found = read_statement(text)

    assert (found.text, found.input_format, text[found.data_at :]) == (head, input_format, data)
    assert not found.is_read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("-- nothing", "empty"),
        ("\\i /etc/passwd", "cannot be read at position 1"),
        ("SELECT 1; SELECT 2", "one statement a request"),
        ("SELECT 1;; SELECT 2", "one statement a request"),
        ("SELECT 1 INTO OUTFILE 'x'", "files are not for clients"),
        ("SELECT 1 INTO/**/OutFile 'x'", "files are not for clients"),
        ("INSERT INTO t FROM INFILE 'x' FORMAT CSV", "files are not for clients"),
        ("INSERT INTO FUNCTION file('x') VALUES (1)", "reaches beyond"),
        ("INSERT INTO FUNCTION nothing VALUES (1)", "wants the name of a table"),
        ("INSERT INTO t", "INSERT wants"),
        ("INSERT INTO t SELECT * FROM input('x Int8') FORMAT CSV", "input\\(\\) is not here"),
        ("INSERT INTO t FORMAT", "wants the name of a format"),
        ("SELECT * FROM python(x)", "python\\(\\) reaches beyond"),
        ("SELECT * FROM `Python` -- a\n (x)", "python\\(\\) reaches beyond"),
        ('SELECT * FROM "python"(x)', "python\\(\\) reaches beyond"),
        ("SELECT * FROM `pyth\\x6fn`(x)", "cannot be read"),
        ('SELECT * FROM "pyth\\x6fn"(x)', "cannot be read"),
        ("SELECT * FROM url('http://127.0.0.1')", "reaches beyond"),
        ("SELECT * FROM s3('http://127.0.0.1')", "reaches beyond"),
        ("SELECT $$a$$", "cannot be read"),
        ("SELECT \u2018a\u2019", "cannot be read"),
        ("SELECT 1 # comment", "cannot be read"),
        ("SELECT 'a", "cannot be read"),
        ("SELECT 1 /* never ended", "cannot be read"),
        ("SELECT 1\x00", "cannot be read"),
        ("DROP TABLE t SYNC", "without SYNC"),
        ("DROP TABLE t NO DELAY", "without SYNC"),
        *(
            (text, "is not for clients")
            for text in (
                *("SET readonly = 0", "USE system", "SYSTEM SHUTDOWN", "ATTACH TABLE t FROM 'x'"),
                *("DETACH TABLE t", "BACKUP TABLE t TO Disk('x')", "RESTORE TABLE t", "exit"),
                *("KILL QUERY WHERE 1", "GRANT ALL ON *.* TO x", "EXECUTE AS x SELECT 1"),
                *("RENAME TABLE a TO b", "EXCHANGE TABLES a AND b", "WATCH t"),
            )
        ),
        ("SELECT " + "1," * 150_000 + "1", "longer than"),
    ],
)
def test_what_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(QueryRefusedError, match=why):
        read_statement(text)
