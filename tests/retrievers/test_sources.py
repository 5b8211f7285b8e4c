"""Images that a message names: what is taken, and what is refused before anything is touched."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.sources import ImagePolicy

PICTURE = Image.new("RGB", (5, 3), (10, 200, 30))
PNG = encode_png(PICTURE)
TEXT = base64.b64encode(PNG).decode()


def same(image: Image.Image) -> bool:
    return image.size == PICTURE.size and image.tobytes() == PICTURE.tobytes()


def test_bytes_in_a_message_are_welcome() -> None:
    policy = ImagePolicy()
    assert same(policy.from_base64(TEXT))
    assert same(policy.from_url(f"data:image/png;base64,{TEXT}"))
    assert same(policy.from_url(f"DATA:image/png;BASE64,{TEXT}"))
    assert same(policy.from_url("data:image/png," + urllib.parse.quote_from_bytes(PNG)))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("data:image/png;base64", "without a comma"),
        ("data:image/png;base64,@@@", "not valid base64"),
        ("data:image/png;base64,aGVsbG8=", "not an image"),
        ("http://example.org/a.png", "must be data: or https:"),
        ("https://example.org/a.png", "none are fetched"),
        ("ftp://example.org/a.png", "must be data: or https:"),
        ("gopher:x", "must be data: or https:"),
        ("", "must be data: or https:"),
    ],
)
def test_by_default_nothing_else_is(url: str, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        ImagePolicy().from_url(url)


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base64, "b64decode", lambda *a, **k: pytest.fail("was decoded"))
    with pytest.raises(ImageError, match="larger than 20 MB"):
        ImagePolicy().from_base64("A" * (28 * 2**20))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"),
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "100.64.0.1", "ff02::1"),
        # Of version 4 within version 6, by mapping, gateways and tunnels.
        *("::ffff:10.1.2.3", "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a01:203"),
        *("64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:a01:203::1", "2001::1", "::", "255.255.255.255"),
        *("240.0.0.1", "192.0.0.8", "198.18.0.1", "fec0::1", "fe80::1%eth0"),
    ],
)
def test_private_networks_are_out_of_reach(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("was reached"))
    with pytest.raises(ImageError, match="private network"):
        ImagePolicy(https=True).from_url("https://pictures.example/a.png")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("was reached"))
    with pytest.raises(ImageError, match="private network"):
        ImagePolicy(https=True).from_url("https://pictures.example/a.png")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://", "must have a host"),
        ("https://ana:secret@example.org/a.png", "no password"),
        ("https://example.org:99999/a.png", "cannot be read"),
        ("https://example.org:22/a.png", "one of the ports 443, got 22"),
        ("https://example.org:0/a.png", "ports 443"),
        ("https://example.org@127.0.0.1/a.png", "no password"),
        ("https://example.org%2f@evil.example/a.png", "no password"),
        ("https://@example.org/a.png", "no password"),
        ("https://[::1/a.png", "cannot be read"),
        ("https://example.org/a b.png", "percent-encoded"),
        ("https://example.org/a\r\nHost: other", "percent-encoded|none|cannot"),
    ],
)
def test_odd_addresses_are_refused(url: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("was looked up"))
    with pytest.raises(ImageError, match=reason):
        ImagePolicy(https=True).from_url(url)


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"/moved": 302, "/gone": 404}.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "http://127.0.0.1/secret")
        self.end_headers()
        while self.path == "/slow":
            try:
                self.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.01)
        self.wfile.write(b"x" * 200_000 if self.path == "/large" else PNG)

    def log_message(self, *args: Any) -> None:
        pass


class _Shaken(socket.socket):
    def do_handshake(self) -> None:
        pass


class _Plain:
    """Stands in for TLS: the handshake itself is the library's."""

    def wrap_socket(self, plain: socket.socket, server_hostname: str, **more: Any) -> socket.socket:
        assert server_hostname == "pictures.example"
        return _Shaken(fileno=plain.detach())


def test_a_public_address_is_fetched_by_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    reached: list[Any] = []

    def to_server(address: Any, **more: Any) -> socket.socket:
        reached.append(address)
        plain = socket.socket()  # `create_connection` would look the name up, which is patched
        plain.connect(("127.0.0.1", server.server_port))
        return plain

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    monkeypatch.setattr(socket, "create_connection", to_server)
    monkeypatch.setattr(ssl, "create_default_context", _Plain)
    policy = ImagePolicy(https=True, max_bytes=100_000)
    try:
        assert same(policy.from_url("https://pictures.example/a.png?size=1"))
        assert reached == [("8.8.8.8", 443)]
        for path, reason in (("moved", "302"), ("gone", "404"), ("large", "larger than")):
            with pytest.raises(ImageError, match=reason):
                policy.from_url(f"https://pictures.example/{path}")
        # Each byte is in time, and there is no end of them.
        with pytest.raises(ImageError, match=r"took more than 0\.6 s"):
            ImagePolicy(https=True, seconds=0.1).from_url("https://pictures.example/slow")
    finally:
        server.shutdown()
        server.server_close()


def test_files_are_read_under_the_root_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "in.png").write_bytes(PNG)
    (tmp_path / "out.png").write_bytes(PNG)
    (root / "link.png").symlink_to(tmp_path / "out.png")
    policy = ImagePolicy(root=root)
    assert same(policy.from_path("in.png"))
    assert same(policy.from_path(root / "in.png"))
    for path in ("../out.png", tmp_path / "out.png", "link.png", "/etc/hostname"):
        with pytest.raises(ImageError, match="not under the allowed folder"):
            policy.from_path(path)
    with pytest.raises(ImageError, match="no files are read"):
        ImagePolicy().from_path(root / "in.png")


@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for take in (ImagePolicy().from_url, ImagePolicy().from_base64, ImagePolicy().from_path):
        with pytest.raises(ImageError):
            take(text)
