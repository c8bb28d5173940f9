"""Listening sockets: on the loopback address only, quick to reply, told apart when taken."""

import socket

from trade2026.shell.server import bind


def test_a_server_listens_on_the_loopback_address_only() -> None:
    with bind("oms", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_listener_names_its_protocol_so_that_replies_are_not_held_back() -> None:
    with bind("oms", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
