"""`PersonalNodePostprocessor`: who is named comes first, and nothing else moves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from jarvis_memory import PersonalMemory
from jarvis_plugins.llama_index import PersonalNodePostprocessor
from jarvis_pocket.exam import Exam

scores = st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=1, max_size=6)


def nodes(texts: list[str], values: list[float | None]) -> list[NodeWithScore]:
    return [
        NodeWithScore(node=TextNode(text=text), score=value)
        for text, value in zip(texts, values, strict=True)
    ]


@settings(max_examples=30, deadline=None)
@given(scores, st.data(), st.floats(0, 2))
def test_gains_are_what_is_said(
    shared: PersonalMemory, exam: Exam, values: list[float], data: st.DataObject, boost: float
) -> None:
    name, other = exam.concepts[0].name, exam.concepts[1].name
    speaks = [data.draw(st.booleans()) for _ in values]
    texts = [f"A letter of {name}." if said else f"A letter of {other}." for said in speaks]
    given_ = nodes(texts, [*values])
    out = PersonalNodePostprocessor(memory=shared, boost=boost).postprocess_nodes(
        given_, query_str=f"What does {name} like?"
    )
    span = (max(values) - min(values)) or 1.0
    expected = {
        one.node.node_id: value + boost * span * said
        for one, value, said in zip(given_, values, speaks, strict=True)
    }
    assert {one.node.node_id: one.score for one in out} == pytest.approx(expected)
    assert [one.get_score() for one in out] == sorted((one.get_score() for one in out), reverse=True)
    assert [one.score for one in given_] == values  # what was given is not written to
    if boost > 1.01:
        order = [name in one.node.get_content() for one in out]
        assert order == sorted(order, reverse=True)


async def test_nodes_without_scores_pictures_and_strangers(
    shared: PersonalMemory, exam: Exam, tmp_path: Path
) -> None:
    name, file = exam.concepts[1].name, tmp_path / "photo.png"
    exam.photos[1][0].save(file)
    given_ = nodes(["The plants.", "The heating.", f"A letter of {name}."], [None, None, None])
    postprocessor = PersonalNodePostprocessor(memory=shared)
    assert postprocessor.postprocess_nodes(given_, query_str="What does Qwertz like?") is given_
    assert postprocessor.postprocess_nodes(given_) is given_
    assert postprocessor.postprocess_nodes([], query_str=f"{name}?") == []
    seen = await postprocessor.apostprocess_nodes(given_, QueryBundle("Who is this?", str(file)))
    assert [one.node.get_content() for one in seen] == [f"A letter of {name}.", "The plants.", "The heating."]
    assert "memory" not in postprocessor.to_dict()


@pytest.mark.parametrize("more", [{"boost": -1.0}, {"boost": math.nan}, {"k": 0}])
def test_settings_are_checked(shared: PersonalMemory, more: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"greater|finite"):
        PersonalNodePostprocessor(memory=shared, **more)  # type: ignore[arg-type]
