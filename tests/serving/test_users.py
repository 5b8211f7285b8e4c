"""Passwords, guesses and sessions."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jarvis_plugins.cli.app import app
from jarvis_plugins.serving import Service, Throttle, Users
from jarvis_plugins.serving.service import is_loopback
from jarvis_plugins.serving.sessions import Sessions
from jarvis_plugins.serving.users import add_user, hash_password, matches
from jarvis_retrievers.errors import SettingError


def test_a_password_has_a_hash_of_its_own() -> None:
    first, second = hash_password("plums and noodles"), hash_password("plums and noodles")
    assert first != second
    assert "plums" not in first
    assert matches("plums and noodles", first)
    assert not matches("plums and noodle", first)


def test_users_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "users"
    for owner, password in (
        ("ana", "first password"),
        ("bo:2", "second password"),
        ("ana", "third password"),
    ):
        add_user(file, owner, password)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert "password" not in file.read_text(encoding="utf-8")
    users = Users.read(file)
    assert users.owners == ("ana", "bo:2")
    assert users.check("ana", "third password")
    assert users.check("bo:2", "second password")
    for owner, password in (("ana", "first password"), ("ana", ""), ("eva", "third password")):
        assert not users.check(owner, password)


@pytest.mark.parametrize(
    "line",
    [
        "ana:plain",
        "ana",
        ":scrypt$32768$8$3$AAAA$AAAA",
        "ana:md5$1$1$1$AAAA$AAAA",
        "ana:scrypt$1073741824$8$3$AAAA$AAAA",
        "an a:scrypt$32768$8$3$AAAA$AAAA",
    ],
)
def test_a_line_that_is_none(tmp_path: Path, line: str) -> None:
    file = tmp_path / "users"
    file.write_text(f"# who may come\n\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingError, match="line 3 of"):
        Users.read(file)


def test_a_file_of_nobody(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="there is no file of users"):
        Users.read(tmp_path / "users")
    (tmp_path / "users").write_text("# nobody yet\n", encoding="utf-8")
    with pytest.raises(SettingError, match="names nobody"):
        Users.read(tmp_path / "users")
    with pytest.raises(SettingError, match="at least 8 characters"):
        add_user(tmp_path / "users", "ana", "short")


def test_guessing_is_slow() -> None:
    now = 0.0
    throttle = Throttle(lambda: now)
    for _ in range(3):
        throttle.wrong("owner ana", "address x")
        assert throttle.wait("owner ana") == 0
    waits = []
    for _ in range(12):
        throttle.wrong("owner ana", "address x")
        waits.append(throttle.wait("owner ana", "address y"))
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == 300
    assert throttle.wait("owner bo", "address x") == 300
    assert throttle.wait("owner bo") == 0
    now = 301.0
    assert throttle.wait("owner ana") == 0
    throttle.right("owner ana")
    throttle.wrong("owner ana")
    assert throttle.wait("owner ana") == 0


def test_a_session_ends() -> None:
    now = 0.0
    sessions = Sessions(lambda: now)
    key, other = sessions.begin("ana"), sessions.begin("bo")
    assert (sessions.owner(key), sessions.owner(other)) == ("ana", "bo")
    assert sessions.owner("ana") is None
    assert sessions.owner(None) is None
    sessions.end(key)
    assert sessions.owner(key) is None
    now = 11 * 3600.0
    assert sessions.owner(other) == "bo"
    assert sessions.left(other) == 12 * 3600
    now = 22 * 3600.0
    assert sessions.left(other) == 3600
    assert sessions.owner(other, renew=False) == "bo"
    assert sessions.left(other) == 3600
    now = 24 * 3600.0
    assert sessions.left(other) == 0
    assert sessions.owner(other) is None
    assert sessions.left(key) == 0


def test_other_hosts_need_users(tmp_path: Path) -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "jarvis.example", "")))
    with pytest.raises(SettingError, match="without a password"):
        Service(host="0.0.0.0")
    add_user(tmp_path / "users", "ana", "a password")
    users = Users.read(tmp_path / "users")
    with pytest.raises(SettingError, match="--home"):
        Service(host="0.0.0.0", users=users)
    assert Service(host="0.0.0.0", users=users, home=tmp_path).users is users
    with pytest.raises(SettingError, match="0 to 65535"):
        Service(port=70_000)


def test_the_command_refuses_on_one_line(tmp_path: Path) -> None:
    file = str(tmp_path / "users")
    for arguments, told in (
        (["--host", "0.0.0.0"], "could see everything without a password"),
        (["--users", file], "there is no file of users"),
        (["--add-user", "ana"], "--add-user needs the file"),
        (["--model", "nowhere/at/all", "--port", "0", "--no-open"], "nowhere"),
    ):
        done = CliRunner().invoke(app, ["serve", *arguments])
        assert done.exit_code == 2, done.output
        assert told in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    done = CliRunner().invoke(
        app, ["serve", "--users", file, "--add-user", "ana"], input="plums and noodles\n"
    )
    assert done.exit_code == 0, done.output
    assert Users.read(file).check("ana", "plums and noodles")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from jarvis_plugins.serving import server

    monkeypatch.setattr(server, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["serve"])
    assert done.exit_code == 2
    assert 'pip install "jarvis-plugins[demo]"' in done.stderr
