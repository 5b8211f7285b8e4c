"""Pocket in both roles, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jarvis_agents.collaboration import Collaboration
from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.langchain import ChatJarvis
from jarvis_pocket.exam import Exam
from jarvis_retrievers.openclip import OpenCLIPEncoder


def test_pocket_answers_from_what_pocket_remembers(
    shared: PersonalMemory, exam: Exam, tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder
) -> None:
    with PersonalMemory.open(tmp_path / "home", model=vlm, clip=encoder) as empty:
        large = ChatJarvis(memory=empty)
        together = Collaboration(shared, large, wording="sentences")
        fact = exam.items[0].question
        assert not fact.right(str(large.invoke(fact.text).content))
        assert fact.right(together.answer(fact.text).text)


def test_langchain_is_not_imported() -> None:
    code = (
        "import sys\n"
        "from jarvis_agents.collaboration import Collaboration, JsonReporter, PlainReporter\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] in ('langchain', 'langchain_core')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
