"""Videos for methods: what a query about one becomes, and what is made of the answers."""

from __future__ import annotations

import io

import av
import pytest
from PIL import Image

from jarvis_bench import Query, Reply
from jarvis_bench.methods import PlainVoice, PocketVoice, by_frames
from jarvis_bench.methods.timeline import VIDEO_QUESTIONS, concluded, pictured


def video(colours: list[tuple[int, int, int]], each: int = 4) -> bytes:
    """A second of ``each`` frames of every colour, without loss."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=each)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for colour in colours:
            for _ in range(each):
                for packet in stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48), colour))):
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def asked(question: str, data: bytes | None, options: tuple[str, ...] = ()) -> Query:
    form = "choice" if options else "open"
    return Query("1", "video", form, question, question, options, video=data)  # type: ignore[arg-type]


def test_a_query_without_a_video_is_passed_on() -> None:
    query = asked("Who is it?", None)
    got: list[Query] = []

    def answer(one: Query) -> Reply:
        got.append(one)
        return Reply("Bo")

    assert by_frames(query, PlainVoice(), answer) == Reply("Bo")
    assert got == [query]


def test_a_model_that_reads_several_pictures_gets_all_frames_and_their_times() -> None:
    got: list[Query] = []

    def answer(query: Query) -> Reply:
        got.append(query)
        return Reply("fine", first_token=1.0, stages=(("first", 1.0),))

    reply = by_frames(asked("What is it?", video([RED, GREEN, BLUE])), PlainVoice(), answer)
    assert len(got) == 1
    assert [image.getpixel((9, 9)) for image in got[0].images] == [RED, GREEN, BLUE]
    assert got[0].video is None
    assert "at 0.0, 1.0, 2.0 seconds" in got[0].prompt
    assert "at 0.0, 1.0, 2.0 seconds" in got[0].question
    assert reply.text == "fine"
    assert reply.first_token is not None
    assert reply.first_token > 1
    assert [name for name, _ in reply.stages] == ["sample", "first"]


def test_pocket_is_asked_about_each_frame() -> None:
    names = {RED: "Bo", GREEN: "Bo, Mimi", BLUE: "Mimi, a stranger"}
    got: list[str] = []

    def answer(query: Query) -> Reply:
        (image,) = query.images
        got.append(PocketVoice().asked(query))
        said = ". ".join(f"It is {name}" for name in names[image.getpixel((9, 9))].split(", "))  # type: ignore[index]
        return Reply(PocketVoice().told(query, said), loaded=2, found=("Bo",))

    clip = video([RED, GREEN, BLUE])
    reply = by_frames(asked("Who is in the video?", clip), PocketVoice(), answer)
    assert got == ["Who is in the picture?"] * 3
    assert (reply.text, reply.loaded, reply.found) == ("Bo, Mimi", 6, ("Bo",))
    first = by_frames(
        asked("Who comes first in the video, Mimi or Bo?", clip, ("Mimi", "Bo")), PocketVoice(), answer
    )
    assert first.text == "B"


SEEN = [(0.0, "Bo"), (1.0, "Bo, Mimi"), (2.0, "Mimi, a stranger"), (3.0, "a stranger")]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who is in the video?", "Bo, Mimi"),
        ("Who is there together with Mimi in the video?", "Bo"),
        ("Whom does Rex meet in the video?", "nobody"),
        ("Who comes first in the video, Mimi or Bo?", "Bo"),
        ("Who is gone at the end of the video, Mimi or Bo?", "Bo"),
        ("Who comes first in the video, Rex or Bo?", "nobody"),
    ],
)
def test_the_rules_on_who_was_seen_when(question: str, said: str) -> None:
    assert concluded(question, SEEN) == said


def test_the_rules_on_other_answers() -> None:
    assert concluded("Is Bo in the video?", [(0.0, "No"), (1.0, "Yes")]) == "Yes"
    assert concluded("Is Bo in the video?", [(0.0, "No"), (1.0, "perhaps")]) == "No"
    assert concluded("What does Bo wear?", [(0.0, "a hat"), (1.0, "a bow"), (2.0, "a bow")]) == "a bow"


@pytest.mark.parametrize("kind", VIDEO_QUESTIONS)
def test_every_wording_is_known_again(kind: str) -> None:
    for text in VIDEO_QUESTIONS[kind]:
        asked_of_a_frame = pictured(text.format(n="Ada", a="Ada", b="Bo"))
        assert asked_of_a_frame == ("Is Ada in the picture?" if kind == "there" else "Who is in the picture?")
    assert pictured("What does Bo wear?") == "What does Bo wear?"
