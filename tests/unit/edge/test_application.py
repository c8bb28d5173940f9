"""The application is served from its bundle and from nowhere else."""

from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apps import app_of, client_of
from tests.doors import OpenDoor

from trade2026.core.clock import SystemClock
from trade2026.edge.assets import IMMUTABLE, Bundle
from trade2026.edge.spa import SECURITY_HEADERS, Application
from trade2026.shell.service import Service

PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def not_built() -> str:
    return "<p>not built</p>"


def a_door(folder: Path) -> httpx.AsyncClient:
    application = Application(Bundle(folder), not_built)
    service = Service(
        name="nginx", routes=application.routes(), health_page=application.page_for_browser
    )
    return client_of(app_of(service, OpenDoor(), SystemClock()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bundle = tmp_path / "bundle"
    (bundle / "assets").mkdir(parents=True)
    (bundle / "index.html").write_text("<p>the application</p>")
    (bundle / "favicon.svg").write_text("<svg/>")
    (bundle / "assets/main-1a2b.js").write_text("js")
    (bundle / "assets/main-1a2b.js.br").write_text("br")
    (bundle / "assets/main-1a2b.js.gz").write_text("gz")
    (tmp_path / "secret.txt").write_text("secret")
    return bundle


@pytest.fixture
def door(folder: Path) -> httpx.AsyncClient:
    return a_door(folder)


async def test_the_page_is_guarded_and_asked_about_again_each_time(
    door: httpx.AsyncClient,
) -> None:
    reply = await door.get("/")

    assert (reply.status_code, reply.text) == (200, "<p>the application</p>")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    assert SECURITY_HEADERS.items() <= {k: reply.headers[k] for k in SECURITY_HEADERS}.items()
    assert "default-src 'self'" in reply.headers["content-security-policy"]


async def test_what_a_browser_has_is_not_sent_again(door: httpx.AsyncClient) -> None:
    etag = (await door.get("/")).headers["etag"]

    same = await door.get("/", headers={"if-none-match": f'"other", W/{etag}'})
    other = await door.get("/", headers={"if-none-match": '"other"'})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br", "br", b"br"),
        ("gzip", "gzip", b"gz"),
        ("br;q=0, gzip;q=0.5", "gzip", b"gz"),
        ("br; q=0.000", None, b"js"),
        ("identity", None, b"js"),
        ("", None, b"js"),
    ],
)
async def test_an_asset_is_sent_in_the_best_form_accepted(
    door: httpx.AsyncClient, accepted: str, coding: str | None, body: bytes
) -> None:
    async with door.stream(
        "GET", "/assets/main-1a2b.js", headers={"accept-encoding": accepted}
    ) as reply:
        content = b"".join([piece async for piece in reply.aiter_raw()])

    assert (content, reply.headers.get("content-encoding")) == (body, coding)
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["cache-control"] == IMMUTABLE
    assert reply.headers["vary"] == "Accept-Encoding"


async def test_other_files_are_not_kept_for_good(door: httpx.AsyncClient) -> None:
    reply = await door.get("/favicon.svg")

    assert (reply.headers["content-type"], reply.headers["cache-control"]) == (
        "image/svg+xml",
        "no-cache",
    )


async def test_a_path_of_the_application_is_its_page_for_browsers_only(
    door: httpx.AsyncClient,
) -> None:
    page = await door.get("/trade/BTCUSDT", headers=PAGE)
    file = await door.get("/trade/BTCUSDT", headers={"accept": "*/*"})

    assert (page.status_code, page.text) == (200, "<p>the application</p>")
    assert file.status_code == 404


async def test_health_is_the_applications_page_for_browsers_and_the_truth_for_programs(
    folder: Path, door: httpx.AsyncClient
) -> None:
    page = await door.get("/health", headers=PAGE)
    health = await door.get("/health")
    (folder / "index.html").unlink()
    not_built = await door.get("/health", headers=PAGE)

    assert page.text == "<p>the application</p>"
    assert health.json()["service"] == "nginx"
    assert not_built.json()["service"] == "nginx"


async def test_a_head_is_answered(door: httpx.AsyncClient) -> None:
    assert (await door.head("/")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2F..%2Fsecret.txt",
        "/..%5Csecret.txt",
        "//etc/passwd",
        "/assets/link.txt",
    ],
)
async def test_nothing_outside_of_the_bundle_is_reachable(
    folder: Path, door: httpx.AsyncClient, path: str
) -> None:
    (folder / "assets/link.txt").symlink_to(folder.parent / "secret.txt")

    reply = await door.get(path)

    assert reply.status_code == 404


@given(path=st.text(st.sampled_from("./\\ %2ef~secrtx\x00"), max_size=30))
def test_only_files_of_the_bundle_have_names(
    tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    top = tmp_path_factory.mktemp("top")
    (top / "bundle").mkdir()
    (top / "bundle/index.html").write_text("page")
    (top / "secret.txt").write_text("secret")

    assert Bundle(top / "bundle").find(path) is None


async def test_without_a_bundle_a_page_says_so_until_it_is_built(folder: Path) -> None:
    page = folder / "index.html"
    content = page.read_bytes()
    page.unlink()
    door = a_door(folder)

    before = await door.get("/")
    page.write_bytes(content)
    after = await door.get("/")

    assert (before.status_code, before.text) == (200, "<p>not built</p>")
    assert before.headers["content-type"].startswith("text/html")
    assert after.text == "<p>the application</p>"
