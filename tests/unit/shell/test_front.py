"""The door in front of a service bounds how many come in and how long they wait."""

import asyncio
from typing import Any

from litestar import get
from tests.unit.shell.rig import NAME, a_build, alone, until

from trade2026.shell.access import public
from trade2026.shell.front import RUNNING_MAX


async def test_more_requests_at_once_than_the_bound_are_refused() -> None:
    may_leave = asyncio.Event()

    @get("/work", opt=public())
    async def work() -> str:
        await may_leave.wait()
        return "done"

    async with alone(a_build([work])) as runtime, asyncio.TaskGroup() as tasks:
        client = runtime.client(NAME)
        running = [tasks.create_task(client.get("/work")) for _ in range(RUNNING_MAX)]
        await until(lambda: runtime.members[NAME].front.running_count == RUNNING_MAX)
        refused = await client.get("/work")
        health = await client.get("/health")
        may_leave.set()

    assert refused.status_code == 503
    assert health.status_code == 200
    assert {one.result().status_code for one in running} == {200}


async def test_a_request_answered_for_gets_no_second_answer() -> None:
    may_leave = asyncio.Event()

    @get("/work", opt=public())
    async def work() -> str:
        await may_leave.wait()
        return "done"

    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/work", "headers": []}
    scope["query_string"] = b""
    environment = {"TRADE2026_PLATFORM_REQUEST_LIMIT_S": "0.02"}
    async with (
        alone(a_build([work]), environment=environment) as runtime,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(runtime.members[NAME].front(scope, receive, send))
        await until(lambda: len(sent) == 2)
        may_leave.set()

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 504
