"""Policy questions over HTTP, in the form of the Open Policy Agent's data API.

Source: Open Policy Agent, "REST API", "Get a Document (with Input)".
"""

from typing import Any, Protocol

import msgspec
from litestar import post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from trade2026.shell.access import needs


class PolicyDocuments(Protocol):
    """What answers such questions."""

    def query(self, path: str, document: object) -> object:
        """Return the document at *path* under the input, or `msgspec.UNSET` if undefined.

        Raises:
            InvalidInputError: *path* is no path, or the policy cannot judge the input.
        """
        ...


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy is to judge."""

    input: Any = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The document; without `result` it is undefined, and undefined is a denial."""

    result: Any = msgspec.UNSET


def policy_routes(policy: PolicyDocuments) -> list[BaseRouteHandler]:
    """Return the routes of the policy service."""

    @post("/v1/data/{path:path}", opt=needs("policy:read"), status_code=HTTP_200_OK)
    async def evaluate(path: FromPath[str], data: Question) -> Answer:
        """Return the policy's document at a path, such as `trade2026/authz/decision`."""
        return Answer(result=policy.query(path, data.input))

    return [evaluate]
