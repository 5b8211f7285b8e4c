"""Tokens of a file, the memories of many owners, and the command."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.api import Bounds, Tokens
from jarvis_plugins.api.service import ApiService
from jarvis_plugins.api.tokens import add_token
from jarvis_plugins.cli.app import app
from jarvis_plugins.common.memories import Memories
from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.reference import ColourEncoder


def test_a_file_of_tokens(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "tokens"
    keys = [(owner, add_token(file, owner)) for owner in ("ana", "bo:2", "ana")]
    assert len({key for _, key in keys}) == 3
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    written = file.read_text(encoding="utf-8")
    assert not any(key in written for _, key in keys)
    tokens = Tokens.read(file)
    assert len(tokens) == 3
    assert [tokens.owner(key) for _, key in keys] == ["ana", "bo:2", "ana"]
    for wrong in ("", keys[0][1][:-1], keys[0][1].upper(), "ana", "x" * 600, written.split("$")[1][:64]):
        assert tokens.owner(wrong) is None
    file.write_text(f"# of people\n\n{written}", encoding="utf-8")
    assert len(Tokens.read(file)) == 3


@pytest.mark.parametrize(
    "line", ["ana", "ana:jarvis-secret", "ana:sha256$00", "ana:md5$" + "0" * 64, "a b:sha256$" + "0" * 64]
)
def test_a_line_that_is_none(line: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(SettingError, match="line 1"):
        Tokens.read(file)
    with pytest.raises(SettingError, match="line 1"):
        add_token(file, "ben")
    assert file.read_text(encoding="utf-8") == f"{line}\n"


def test_no_file_and_nobody_in_it(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="there is no file"):
        Tokens.read(tmp_path / "tokens")
    (tmp_path / "tokens").write_text("# nobody\n", encoding="utf-8")
    with pytest.raises(SettingError, match="names nobody"):
        Tokens.read(tmp_path / "tokens")
    with pytest.raises(SettingError, match="an owner must be"):
        add_token(tmp_path / "tokens", "a b")
    with pytest.raises(SettingError, match="64 hexadecimal"):
        Tokens([("ana", "secret")])


def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="waiting must be more than 0"):
        Bounds(waiting=0)
    with pytest.raises(SettingError, match="a port"):
        ApiService("tokens", port=-1)
    with pytest.raises(SettingError, match="at least 1 memory"):
        ApiService("tokens", owners=0)
    names = {
        "pocket": "pocket",
        "Qwen/Qwen3-VL-2B": "Qwen/Qwen3-VL-2B",
        "/srv/models/mine": "mine",
        "~/mine": "mine",
    }
    assert {name: ApiService("tokens", model=name).model_id for name in names} == names


def test_memories_used_longest_ago_are_closed(tmp_path: Path) -> None:
    vlm, closed = VLM.load("pocket", device="cpu"), list[str]()

    class Noted(PersonalMemory):
        def close(self) -> None:
            closed.append(self._store.owner)
            super().close()

    memories = Memories(
        lambda owner: Noted.open(tmp_path, owner=owner, model=vlm, clip=ColourEncoder()), most=2
    )
    with memories.lent("a") as first, memories.lent("b"):
        with memories.lent("c"), memories.lent("a") as again:
            assert again is first
            assert len(memories) == 3
        # Whoever is in use stays.
        assert closed == ["c"]
    assert closed == ["c"]
    with memories.lent("b"), memories.lent("d"):
        assert closed == ["c", "a"]
    memories.close()
    assert sorted(closed) == ["a", "b", "c", "d"]
    assert len(memories) == 0
    with pytest.raises(SettingError, match="at least 1 memory"):
        Memories(lambda owner: Noted.open(tmp_path, owner=owner), most=0)


def test_the_command(tmp_path: Path) -> None:
    run, file = CliRunner(), tmp_path / "tokens"
    made = run.invoke(app, ["api", "--tokens", str(file), "--add-token", "ana"])
    assert made.exit_code == 0, made.output
    assert Tokens.read(file).owner(made.stdout.strip()) == "ana"
    for arguments, said in (
        (["api"], "name the file of tokens"),
        (["--home", str(tmp_path / "none"), "api", "--tokens", str(file)], "there is no home"),
    ):
        refused = run.invoke(app, arguments)
        assert refused.exit_code == 2
        assert said in " ".join(refused.output.split())
