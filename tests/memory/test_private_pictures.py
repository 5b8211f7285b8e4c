"""What a photo tells besides what it shows stays nowhere, and no id or name is ever a path."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.ExifTags import GPS, IFD, Base

from jarvis_memory import PersonalMemory
from jarvis_memory.checks import check_name
from jarvis_memory.store.blobs import FileBlobStore
from jarvis_memory.store.contracts import BlobRef
from jarvis_memory.store.owner import OwnerStore
from jarvis_retrievers.errors import ConceptNameError, CorruptRecordError, JarvisError
from jarvis_retrievers.reference import ColourEncoder
from tests.kv.tiny import Tiny, make_tiny, picture

MARK, OTHER = b"MarkerOfAPlace-51.4778N", b"AnotherPlace-33.8568S-XY"


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return make_tiny("qwen2_5_vl")


def told(kind: str, mark: bytes = MARK) -> bytes:
    """A photo with a place, a camera, a time, a comment and a preview."""
    exif = Image.Exif()
    word = mark.decode()
    exif[Base.Make], exif[Base.ImageDescription], exif[Base.DateTime] = word, word, word
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (51.0, 28.0, 40.12)
    place[GPS.GPSAreaInformation] = mark
    exif.get_ifd(IFD.Exif)[Base.UserComment] = mark
    options: dict[str, object] = {"exif": exif.tobytes(), "icc_profile": mark * 4}
    if kind == "PNG":
        chunk = PngImagePlugin.PngInfo()
        chunk.add_text("place", word)
        chunk.add_itxt("place", word)
        options["pnginfo"] = chunk
    else:
        options["xmp"] = b"<x>" + mark + b"</x>"
    if kind == "JPEG":
        options["comment"] = mark
    buffer = io.BytesIO()
    picture(len(set(mark)), (64, 64)).save(buffer, kind, **options)
    return buffer.getvalue() + mark  # and behind its end


def holding(folder: Path, mark: bytes) -> list[str]:
    return [str(file) for file in folder.rglob("*") if file.is_file() and mark in file.read_bytes()]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_a_photos_metadata_is_stored(kind: str, tiny: Tiny, tmp_path: Path) -> None:
    data = told(kind)
    assert data.count(MARK) > 5
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "photo").write_bytes(data)
    home = tmp_path / "home"
    with PersonalMemory.open(home, owner="ana", model=tiny.vlm, clip=ColourEncoder()) as memory:
        memory.remember("Bo", [tmp_path / "given" / "photo"], "Bo likes noodles.")
        memory.ask("What does Bo like?", [data], max_new_tokens=2)
        bo = memory.update("Bo", photos=[told(kind, OTHER)])
        again = Image.open(io.BytesIO(memory._store.photo(bo.photos[0].id)))
        assert not again.getexif()
        assert not again.info
        assert holding(home, MARK) == holding(home, OTHER) == []
    assert holding(home, MARK) == holding(home, OTHER) == []


ODD = [
    *("../x", "..", ".", "/etc/passwd", "a/b", "a\\b", "\0", "a\0b", "CON", "NUL.txt", "a" * 300, "a" * 32),
    *(
        "é",
        "e\u0301",
        "%2e%2e%2f",
        "~",
        "$HOME",
        "-rf",
        "A" * 32,
        "0" * 31,
        "0" * 33,
        "\n" + "0" * 32,
        "0" * 32 + "\n",
    ),
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, OwnerStore]:
    home = tmp_path_factory.mktemp("ids") / "home"
    return home, OwnerStore.open(home, "ana")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.sampled_from(ODD), st.text(max_size=40)))
def test_no_id_is_a_path(text: str, opened: tuple[Path, OwnerStore]) -> None:
    """Blobs are found under their own ids alone, and nothing else of the catalogue becomes a file's name."""
    home, store = opened
    before = sorted(str(file) for file in home.parent.rglob("*"))
    for ask in (store.photo, store.get, store.forget):
        with pytest.raises(JarvisError):
            ask(text)
    blobs = FileBlobStore(home)
    ref = BlobRef(text, 1, "0" * 64)
    with pytest.raises(CorruptRecordError):
        blobs.get("ana", ref)
    blobs.delete("ana", [ref])
    store.put_snapshot(text.encode(errors="replace").decode(), b"data")
    store.drop_snapshots()
    after = sorted(str(file) for file in home.parent.rglob("*"))
    assert [name for name in after if name not in before and Path(name).is_file()] == []
    assert [name for name in before if name not in after] == []


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.sampled_from(ODD), st.text(max_size=140)))
def test_a_name_is_kept_or_refused_in_one_line(text: str) -> None:
    try:
        kept = check_name(text)
    except ConceptNameError as error:
        lines = str(error).splitlines()
    else:
        assert check_name(kept) == kept
        lines = kept.splitlines()
    assert len(lines) == 1


def test_names_of_devices_and_of_owners_are_no_paths(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for owner in ("../ana", "CON", "a/b", "ana.", "é", "e\u0301"):
        try:
            with OwnerStore.open(home, owner):
                pass
        except JarvisError:
            continue
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
    names = {path.name for path in home.rglob("*")}
    assert not names & {"ana", "CON", "a", "b", "ana.", "é", "e\u0301"}


def test_a_blob_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "home")
    ref = blobs.put("ana", "photo", b"data")
    path = blobs.path(ref)
    secret = tmp_path / "secret"
    path.rename(secret)
    path.symlink_to(secret)
    with pytest.raises(CorruptRecordError, match="a link"):
        blobs.get("ana", ref)
    blobs.delete("ana", [ref])
    assert secret.exists()
