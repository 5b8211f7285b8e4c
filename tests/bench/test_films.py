"""The split ``video``: what happens in a clip, what is drawn of it, and what is asked."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_bench import mark_answer
from jarvis_bench.methods.frames import MOST_FRAMES
from jarvis_bench.methods.timeline import concluded, pictured
from jarvis_bench.pocket import draw_split, size_of
from jarvis_bench.pocket.encoding import encode_clip
from jarvis_bench.pocket.films import Acts, ask_clip, draw_acts, draw_clip
from jarvis_bench.pocket.paper import Paper
from jarvis_bench.pocket.people import HELDOUT, named
from jarvis_bench.pocket.studio import Studio
from jarvis_memory.viewing import VIEWED_FRAMES
from jarvis_pocket import world
from jarvis_pocket.film import RATE, Actor, Shot, draw_film
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import PocketConcept
from jarvis_retrievers.frames import sample_frames


def known(seed: int, count: int = 5) -> list[PocketConcept]:
    rng = random.Random(seed)
    return named(rng, world.draw_concepts(rng, count, HELDOUT))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 8))
def test_what_happens_in_a_clip(seed: int, count: int) -> None:
    concepts = known(seed, count)
    acts = draw_acts(random.Random(seed), concepts)
    names = {one.name for one in concepts}
    assert len(acts.acts) == 3
    for act, there in zip(acts.acts, acts.seen, strict=True):
        assert 2 <= len(act) <= 3
        assert sum(not actor.behind for actor in act) >= 2
        assert there <= names
    for before, act in zip(acts.seen, acts.acts[1:], strict=False):
        # Whoever hides was to be seen, and somebody comes.
        assert {actor.shown.name for actor in act if actor.behind} <= before | {None}
    assert set(acts.cast) == set().union(*acts.seen)
    for a, b in acts.order:
        assert acts.first(a) < acts.first(b)
    for a, b in acts.gone:
        assert a in acts.cast
        assert a not in acts.seen[-1]
        assert b in acts.seen[-1]
    for name in acts.cast:
        for other in acts.companions(name):
            assert name in acts.companions(other)


def mask(shot: Shot, other: Shot) -> float:
    """The share of pixels that differ."""
    return float((np.asarray(shot.image) != np.asarray(other.image)).any(axis=-1).mean())


def test_a_film_shows_who_is_there_and_not_who_hides() -> None:
    """A board changes the picture in the act in which somebody hides, and in no other."""
    one, other, third = (Shown(concept.look, concept.name) for concept in known(3)[:3])
    first = [Actor(one), Actor(other), Actor(third)]

    def drawn(behind: bool, last: Shown) -> list[Shot]:
        return draw_film(random.Random(0), [first, [Actor(one), Actor(last, behind), Actor(third)]])

    shots = drawn(True, other)
    assert [shot.act for shot in shots] == [0] * 10 + [None] * 4 + [1] * 10
    assert {shot.image.size for shot in shots} == {(384, 192)}
    seen = drawn(False, other)
    assert mask(shots[0], seen[0]) == 0
    assert mask(shots[-1], seen[-1]) > 0.1
    with pytest.raises(ValueError, match="1 to 3 different actors"):
        draw_film(random.Random(0), [[Actor(one), Actor(one)]])


def test_nobody_meets_somebody_of_another_act() -> None:
    one, other, third = (Shown(concept.look, concept.name) for concept in known(4)[:3])
    shots = draw_film(random.Random(0), [[Actor(one), Actor(other)], [Actor(other), Actor(third)]])
    # Those who go have gone before those who are new come: 4 frames each.
    assert [shot.act for shot in shots] == [0] * 10 + [None] * 8 + [1] * 10


def test_clips_are_drawn_to_the_byte_and_their_frames_are_those_drawn(tmp_path: Path) -> None:
    acts = draw_acts(random.Random(1), known(1))
    clips = []
    for folder in ("a", "b"):
        clips.append(draw_clip(Studio(tmp_path / folder, random.Random(0)), random.Random(2), acts))
    assert clips[0] == clips[1]
    data = (tmp_path / "a" / clips[0].path).read_bytes()
    film = draw_film(random.Random(2), acts.acts)
    assert data == encode_clip([shot.image for shot in film], RATE)
    frames = sample_frames(data, MOST_FRAMES)
    shown = [film[round(time * RATE)] for time in frames.times]
    # Of every act there is a frame, near to what was drawn.
    assert {0, 1, 2} <= {shot.act for shot in shown}
    for still, shot in zip(frames.stills, shown, strict=True):
        apart = np.abs(np.asarray(still.image, dtype=int) - np.asarray(shot.image))
        assert apart.mean() < 4


def test_methods_and_the_product_see_as_many_frames() -> None:
    assert MOST_FRAMES == VIEWED_FRAMES


def frame_answer(acts: Acts, place: int, asked: str) -> str:
    """What somebody with good eyes says of an act."""
    there = acts.seen[place]
    if asked.startswith("Is "):
        return "Yes" if any(name in asked for name in there) else "No"
    return ", ".join([*sorted(there), "a stranger"])


@pytest.mark.parametrize("seed", range(6))
def test_whoever_sees_each_act_answers_every_question(seed: int, tmp_path: Path) -> None:
    """The rules of `timeline` on true answers about frames give the true answers about clips."""
    concepts, rng = known(seed), random.Random(seed)
    paper, acts = Paper(concepts, rng), draw_acts(rng, concepts)
    clip = draw_clip(Studio(tmp_path, rng), rng, acts)
    ask_clip(paper, rng, acts, clip, choice=False)
    names = {one.name.casefold(): one.name for one in concepts}
    kinds = [item.kind for item in paper.items]
    assert kinds.count("there") == len(concepts)
    assert {"cast", "together", "first", "gone"} <= set(kinds)
    for item in paper.items:
        assert item.video == clip
        if item.kind == "detail":
            continue
        moments = [(float(n), frame_answer(acts, n, pictured(item.question))) for n in range(3)]
        assert mark_answer(item, 0, concluded(item.question, moments), names).right, item.question


def test_a_split_is_drawn_once_and_read_again(tmp_path: Path) -> None:
    size = size_of("video", concepts=4, pictures=1)
    data = draw_split("video", tmp_path, size=size)
    assert draw_split("video", tmp_path, size=size) == data
    assert {item.task for item in data.items} == {"video"}
    assert "Clips of 5 to 6 seconds" in data.card
    assert all((tmp_path / item.video.path).is_file() for item in data.items if item.video)
