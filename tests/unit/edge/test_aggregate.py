"""One description of all services, in which every reference leads somewhere."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
from tests.apps import app_of
from tests.doors import OpenDoor

from trade2026.core.clock import SystemClock
from trade2026.edge.aggregate import ApiBook, merged
from trade2026.edge.front_page import FrontDoor, front_routes
from trade2026.edge.proxy import SERVICES, Proxy
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.openapi import document
from trade2026.shell.service import Service
from trade2026.shell.survey import Finding


async def nobody() -> tuple[Finding, ...]:
    return ()


def own() -> dict[str, Any]:
    """Return what the edge says of itself."""
    door = FrontDoor(nobody, SystemClock(), dict)
    service = Service(name="nginx", routes=front_routes(door))
    return document(app_of(service, OpenDoor(), SystemClock()))


def references(node: Any) -> Iterator[str]:
    """Yield every reference in the document."""
    yield from re.findall(r'"\$ref":"([^"]*)"', msgspec.json.encode(node).decode())


def a_book(answers: dict[str, Any]) -> ApiBook:
    """Return a book whose services give *answers*; the others are away."""

    def answer(request: httpx.Request) -> httpx.Response:
        names = {LocalAddresses().port(name): name for name in SERVICES.values()}
        name = names[request.url.port or 0]
        assert request.url.path == "/openapi.json"
        if name not in answers:
            raise httpx.ConnectError("nobody there")
        return httpx.Response(200, content=msgspec.json.encode(answers[name]))

    return ApiBook(Proxy(LocalAddresses(), httpx.MockTransport(answer)))


async def test_paths_are_those_of_this_door_and_every_reference_leads_somewhere() -> None:
    pet = {"type": "object", "properties": {"friend": {"$ref": "#/components/schemas/Pet"}}}
    theirs: dict[str, Any] = {
        "openapi": "3.1.0",
        "paths": {
            "/pets/{name}": {
                "get": {
                    "operationId": "Pets",
                    "responses": {
                        "200": {
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}
                            }
                        }
                    },
                },
                "parameters": [],
            }
        },
        "components": {"schemas": {"Pet": pet, "ProblemDetails": {"type": "object"}}},
    }
    book = a_book({"oms": theirs, "PRISM": theirs})

    await book.refresh()
    whole = book.document(own())

    assert {"/api/oms/pets/{name}", "/api/prism/pets/{name}", "/api/health"} <= set(whole["paths"])
    operation = whole["paths"]["/api/prism/pets/{name}"]["get"]
    assert (operation["operationId"], operation["tags"]) == ("prism_Pets", ["PRISM"])
    places = set(references(whole))
    assert {"#/components/schemas/oms.Pet", "#/components/schemas/prism.Pet"} <= places
    for place in places:
        _, _, section, name = place.split("/")
        assert name in whole["components"][section], place
    assert "authn" in whole["info"]["description"]
    assert "oms" not in whole["info"]["description"]


async def test_a_service_that_goes_away_is_still_described_and_named_as_away() -> None:
    answers: dict[str, Any] = {"oms": {"paths": {"/orders": {"get": {}}}}}
    book = a_book(answers)
    await book.refresh()
    del answers["oms"]

    await book.refresh()
    whole = book.document(own())

    assert "/api/oms/orders" in whole["paths"]
    assert "oms" in whole["info"]["description"]


async def test_what_is_no_description_is_not_taken_for_one() -> None:
    book = a_book({"oms": ["junk"]})

    await book.refresh()

    assert "oms" in book.document(own())["info"]["description"]


def test_the_discriminators_mapping_follows_its_schemas() -> None:
    schema = {"discriminator": {"mapping": {"a": "#/components/schemas/A"}}}

    whole = merged({}, {"oms": {"components": {"schemas": {"S": schema}}}}, away=[])

    mapped = whole["components"]["schemas"]["oms.S"]["discriminator"]["mapping"]
    assert mapped == {"a": "#/components/schemas/oms.A"}
