"""Finding a concept by what it is called."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from jarvis_retrievers.errors import UnknownConceptError

from ..concept import Concept, name_key

__all__ = ["resolve"]


def resolve(name: str, concepts: Sequence[Concept]) -> Concept:
    """The concept of this name or, if no name fits, the only one with this alias; case does not matter.

    Raises:
        UnknownConceptError: there is none, or several have this alias; the message lists close names.
    """
    key = name_key(name)
    for concept in concepts:
        if name_key(concept.name) == key:
            return concept
    aliased = [concept for concept in concepts if key in map(name_key, concept.aliases)]
    if len(aliased) == 1:
        return aliased[0]
    if aliased:
        names = ", ".join(repr(concept.name) for concept in aliased)
        raise UnknownConceptError(
            f"{name!r} is an alias of several concepts ({names}); use one of their names"
        )
    known = {
        name_key(word): concept.name for concept in concepts for word in (concept.name, *concept.aliases)
    }
    close = dict.fromkeys(known[near] for near in difflib.get_close_matches(key, known, n=3, cutoff=0.5))
    if close:
        hint = f"did you mean {' or '.join(map(repr, close))}?"
    elif concepts:
        hint = (
            f"there are {len(concepts)}, such as {', '.join(repr(concept.name) for concept in concepts[:3])}"
        )
    else:
        hint = "there are none yet, remember one first"
    shown = repr(name) if len(name) <= 140 else f"{name[:137]!r}..."
    raise UnknownConceptError(f"there is no concept called {shown}; {hint}")
