"""Ways around what a policy of images allows."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.sources import ImagePolicy, _is_public
from tests.retrievers.test_sources import PNG


# Ways to write 127.0.0.1 that the C library understands, and a filter of text does not.
@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "[::ffff:7f00:1]",
        "localhost",
    ],
)
def test_numbers_in_other_ways_are_looked_up_and_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("was reached"))
    with pytest.raises(ImageError, match=r"private network|cannot be fetched"):
        ImagePolicy(https=True).from_url(f"https://{host}/a.png")


@pytest.mark.parametrize("address", ["64:ff9b::808:808", "2002:808:808::1", "2606:4700::1111", "8.8.4.4"])
def test_public_addresses_are_public(address: str) -> None:
    assert _is_public(ipaddress.ip_address(address))


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another host the second time is not asked a second time."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    reached: list[Any] = []

    def lookup(*args: Any, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in next(answers)]

    def connect(address: Any, **more: Any) -> socket.socket:
        reached.append(address)
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ImageError, match="cannot be fetched"):
        ImagePolicy(https=True).from_url("https://pictures.example/a.png")
    assert reached == [("8.8.8.8", 443)]
    assert next(answers) == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "FILE:///etc/hostname", "file://localhost/etc/hostname"]
)
def test_addresses_of_files_are_paths(url: str, tmp_path: Path) -> None:
    for policy in (ImagePolicy(), ImagePolicy(https=True), ImagePolicy(root=tmp_path)):
        with pytest.raises(ImageError, match=r"no files are read|not under the allowed folder|not found"):
            policy.load(url)
        with pytest.raises(ImageError, match="must be data: or https:"):
            policy.from_url(url)


def test_a_link_that_comes_between_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody swaps a folder, or the file, for a link after the path was checked."""
    root, secret = tmp_path / "root", tmp_path / "secret"
    for folder in (root / "inner", secret):
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(PNG)
    resolve = Path.resolve

    def swapped(self: Path, *args: Any, **more: Any) -> Path:
        found = resolve(self, *args, **more)
        if found.name == "a.png":
            if kind == "folder":
                (root / "inner").rename(root / "before")
                (root / "inner").symlink_to(secret)
            else:
                found.unlink()
                found.symlink_to(secret / "a.png")
        return found

    monkeypatch.setattr(Path, "resolve", swapped)
    for kind in ("folder", "file"):
        with pytest.raises(ImageError, match="cannot be opened"):
            ImagePolicy(root=root).from_path("inner/a.png")
        if kind == "folder":
            (root / "inner").unlink()
            (root / "before").rename(root / "inner")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../secret.png",
            "a/../../secret.png",
            "..\\secret.png",
            "a\0.png",
            "\0",
            "CON",
            "NUL.png",
            "a" * 300,
        ),
        *(
            "é.png",
            "e\u0301.png",
            "~/a.png",
            "~root/a.png",
            "/dev/zero",
            "/proc/self/environ",
            ".",
            "",
            "//x",
        ),
    ],
)
def test_odd_paths_are_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(ImageError) as caught:
        ImagePolicy(root=root).from_path(path)
    assert "\n" not in str(caught.value)
