"""The types of ASGI 3 applications. Source: the ASGI specification, version 3.0."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""Takes a scope, a receive and a send; loosely, because every library spells them its own way."""
