"""The wheel holds all it needs and nothing else, and works where only it is installed."""

from __future__ import annotations

import csv
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, modules, project


@dataclass(frozen=True)
class Installed:
    """The wheel, the files that its RECORD lists, and the environment it is installed in."""

    wheel: Path
    names: frozenset[str]
    bin: Path
    site: Path


def call(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    out = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        names = frozenset(row[0] for row in csv.reader(archive.read(record).decode().splitlines()))
        assert names == frozenset(archive.namelist())
    venv.create(out / "env", with_pip=True, symlinks=True)
    bin_ = out / "env" / "bin"
    call(bin_ / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=out)
    site = Path(
        call(bin_ / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=out).strip()
    )
    # Torch and the others are shared. A folder that a .pth names has its own .pth files ignored, so that the
    # editable install, which is such a file, is out of reach.
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "shared.pth").write_text("\n".join(sorted(shared)) + "\n", encoding="utf-8")
    return Installed(wheel, names, bin_, site)


def test_it_is_named_after_the_project(installed: Installed) -> None:
    assert installed.wheel.name == f"jarvis_plugins-{project()['version']}-py3-none-any.whl"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed(installed: Installed, package: str) -> None:
    assert f"{package}/py.typed" in installed.names


def test_every_file_of_the_packages_is_inside(installed: Installed) -> None:
    for package, root in PACKAGES.items():
        files = {
            path.relative_to(root).as_posix()
            for path in (root / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files <= installed.names, sorted(files - installed.names)


def test_weights_and_household_are_inside(installed: Installed) -> None:
    assert "jarvis_pocket/weights/vlm/model.safetensors" in installed.names
    assert "jarvis_pocket/weights/clip/open_clip_model.safetensors" in installed.names
    household = ROOT / "examples" / "household"
    files = {path.relative_to(household).as_posix() for path in household.rglob("*") if path.is_file()}
    assert "household.json" in files
    assert {f"jarvis_plugins/demo/household/{name}" for name in files} <= installed.names


def test_nothing_else_is_inside(installed: Installed) -> None:
    tops = {name.partition("/")[0] for name in installed.names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    words = {part for name in installed.names for part in Path(name).parts}
    assert not words & {"tests", "benchmarks", "examples", "shared", "docs", "runs", "__pycache__"}


def test_the_licence_is_inside(installed: Installed) -> None:
    (licence,) = (name for name in installed.names if name.endswith("/licenses/LICENSE"))
    with zipfile.ZipFile(installed.wheel) as archive:
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_every_module_can_be_imported(installed: Installed, tmp_path: Path) -> None:
    names = sorted(
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in installed.names
        if name.endswith(".py")
    )
    assert names == sorted(modules())
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    print(importlib.import_module(name).__file__)\n"
    )
    files = call(installed.bin / "python", "-I", "-c", code, *names, cwd=tmp_path).split()
    assert len(files) == len(names)
    assert all(Path(file).is_relative_to(installed.site) for file in files), files


def test_the_command_works(installed: Installed, tmp_path: Path) -> None:
    assert "remember" in call(installed.bin / "jarvis", "--help", cwd=tmp_path)
    assert project()["version"] in call(installed.bin / "jarvis", "--version", cwd=tmp_path)
