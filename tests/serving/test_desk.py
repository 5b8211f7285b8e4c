"""What can be done at a desk, without a page: waiting, stopping, teaching, measuring, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PIL import Image

from jarvis_memory import VLM
from jarvis_plugins.serving import Desk, Limits, Line, Owners, Reply, Tray, Waiting
from jarvis_retrievers.errors import ImageError, InputError, UnknownConceptError
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.house.tree import ROOT

PHOTOS = ROOT / "examples" / "household" / "photos"
SCENES = ROOT / "examples" / "household" / "scenes"
FABI = tuple((PHOTOS / f"fabi-{number}.png").read_bytes() for number in (1, 2))


@pytest.fixture(scope="module")
def owners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owners]:
    home = tmp_path_factory.mktemp("serving") / "home"
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    with Owners(home, vlm, encoder, Limits(pictures=2, desks=3)) as made:
        yield made


@pytest.fixture
def desk(owners: Owners) -> Iterator[Desk]:
    made = owners.open_desk("ana")
    yield made
    for concept in made.concepts():
        made.forget(concept.name)
    owners.close_desk(made)


def taught(desk: Desk) -> Desk:
    for number, photo in enumerate(FABI):
        desk.teaching.add(f"fabi-{number}.png", photo)
    assert desk.teach("Fabi", "Fabi likes carrots.").doubts == ()
    return desk


def reply(desk: Desk, text: str) -> Reply:
    _, events = desk.say(text)
    *pieces, last = events
    assert isinstance(last, Reply)
    assert last.text.startswith("".join(piece for piece in pieces if isinstance(piece, str)))
    return last


def test_from_teaching_to_forgetting(desk: Desk) -> None:
    taught(desk)
    assert desk.teaching.pictures == ()
    said = reply(desk, "What does Fabi like?")
    assert "carrots" in said.text
    assert said.concepts == ("Fabi",)
    assert (said.reused, said.computed) == (
        said.shares[0].answer.usage.reused,
        said.shares[0].answer.usage.computed,
    )
    found = desk.compare(said)
    assert found is not None
    assert 0 < found.finding[0] < found.stored
    assert 0 < found.finding[1] < found.full
    desk.forget("Fabi")
    said = reply(desk, "What does Fabi like?")
    assert "carrots" not in said.text
    assert said.concepts == ()
    assert desk.compare(said) is None


def test_a_picture_is_shown_as_the_model_saw_it(desk: Desk) -> None:
    taught(desk)
    desk.asking.add("scene.png", (SCENES / "scene-7.png").read_bytes())
    said = reply(desk, "Who is that in the middle?")
    assert desk.asking.pictures == ()
    regions = [one for answer in said.answers for one in answer.evidence if one.region is not None]
    assert regions
    (picture,) = said.pictures
    assert desk.picture(picture.id) is picture
    for one in regions:
        assert one.image == 0
        assert one.region is not None
        assert one.region.right <= picture.width
        assert one.region.bottom <= picture.height


def test_said_in_words_it_is_learned_once_it_is_confirmed(desk: Desk) -> None:
    desk.asking.add("fabi.png", FABI[0])
    said = reply(desk, "This is Fabi. Fabi likes carrots.")
    assert said.kind == "confirm"
    assert said.choices == ("yes", "no")
    assert desk.concepts() == []
    said = reply(desk, "yes")
    assert said.changed
    assert [concept.name for concept in desk.concepts()] == ["Fabi"]


def test_a_stop_gives_the_turn_to_the_next(desk: Desk) -> None:
    taught(desk)
    _, first = desk.say("What does Fabi like?")
    assert isinstance(next(first), str)
    _, second = desk.say("What does Fabi like?")
    assert next(second) == Waiting(1)
    first.close()  # type: ignore[attr-defined]
    said = list(second)[-1]
    assert isinstance(said, Reply)
    assert "carrots" in said.text


def test_a_line_keeps_its_order() -> None:
    line, order = Line(), []
    gate = threading.Event()

    def work(name: int) -> None:
        order.append(name)

    def first() -> None:
        with line.turn():
            gate.wait(30)
            work(0)

    threads = [threading.Thread(target=first)]
    threads[0].start()
    while len(line) < 1:
        pass
    for name in (1, 2, 3):
        threads.append(threading.Thread(target=line.alone, args=(lambda name=name: work(name),)))
        threads[-1].start()
        while len(line) < name + 1:
            pass
    gate.set()
    for thread in threads:
        thread.join(30)
    assert order == [0, 1, 2, 3]
    assert len(line) == 0


def test_what_cannot_be_said(desk: Desk) -> None:
    with pytest.raises(InputError, match="write something"):
        desk.say("  \n")
    with pytest.raises(InputError, match="write less"):
        desk.say("x" * 4001)
    with pytest.raises(InputError, match="notes of"):
        desk.teach("Bo", "x" * 4001)
    with pytest.raises(ImageError, match="at least one photo"):
        desk.teach("Bo", "")


def test_what_cannot_be_brought() -> None:
    tray = Tray(2, 1000)
    with pytest.raises(ImageError, match=r"'a\.png' is larger than"):
        tray.add("a.png", bytes(1001))
    with pytest.raises(ImageError, match=r"'let ter\.png' is not an image"):
        tray.add("let\nter.png", b"Dear Jarvis")
    bomb = Image.new("1", (6000, 5000))
    roomy = Tray(2, 2**20)
    with pytest.raises(ImageError, match="pixels"):
        roomy.add("bomb.png", _png(bomb))
    for _ in range(2):
        roomy.add("fabi.png", FABI[0])
    with pytest.raises(InputError, match="2 pictures at once are the most"):
        roomy.add("fabi.png", FABI[0])
    kept = roomy.pictures[0]
    roomy.drop(kept.id)
    roomy.drop("nothing")
    assert len(roomy.pictures) == 1
    assert len(kept.shown) > 0


def test_owners_are_apart(owners: Owners, desk: Desk) -> None:
    taught(desk)
    other = owners.open_desk("bo")
    try:
        assert other.concepts() == []
        assert "carrots" not in reply(other, "What does Fabi like?").text
        photo = desk.concepts()[0].photos[0].id
        assert desk.photo(photo).size == (256, 256)
        with pytest.raises(UnknownConceptError):
            other.photo(photo)
        with pytest.raises(UnknownConceptError, match="load the page again"):
            owners.desk("bo", desk.id)
        assert owners.desk("ana", desk.id) is desk
    finally:
        owners.close_desk(other)


def test_tabs_of_one_owner_hear_of_each_other(owners: Owners, desk: Desk) -> None:
    heard: list[str] = []
    second, stranger = owners.open_desk("ana"), owners.open_desk("bo")
    owners.listen(second, lambda: heard.append("second"))
    owners.listen(stranger, lambda: heard.append("stranger"))
    owners.tell("ana")
    assert heard == ["second"]
    third = owners.open_desk("ana")
    with pytest.raises(InputError, match="close some"):
        owners.open_desk("ana")
    for opened in (second, third, stranger):
        owners.close_desk(opened)
    owners.tell("ana")
    assert heard == ["second"]


def _png(image: Image.Image) -> bytes:
    return encode_png(image)
