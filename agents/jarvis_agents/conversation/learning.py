"""Learning: somebody who is introduced with a photo becomes a concept, once that is confirmed."""

from __future__ import annotations

import re

from jarvis_memory.checks import check_name
from jarvis_memory.profile import build_profile, with_article
from jarvis_retrievers.images import pixel_digest

from .desk import Desk
from .introducing import Introduced, introduced
from .state import Pending
from .statements import split_clauses
from .turn import Turn

__all__ = ["amended", "learn", "propose"]

# A note has a subject, a verb and more: "she likes corn".
_NOTE = 3


def propose(desk: Desk, turn: Turn, who: Introduced) -> Turn:
    """Say what would be remembered, with all doubts about it."""
    name = check_name(who.name)
    known = desk.known(turn)
    there = next(
        (one for one in known.names if name.casefold() in {s.casefold() for s in known.spellings[one]}), None
    )
    photos = turn.images or ((turn.state.picture,) if turn.state.picture is not None else ())
    pending = Pending(
        wish="add" if there else "learn" if photos else "photo",
        name=there or name,
        about=who.about,
        category=who.category,
        photos=photos,
    )
    if pending.wish == "photo":
        said = f"Show me a photo of {name}, and I can remember it."
        return turn.but(next="end", kind="ask_back", said=said, pending=pending, subjects=())
    return _confirm(desk, turn, pending)


def amended(desk: Desk, turn: Turn, waiting: Pending, more: str) -> Turn | None:
    """What would be remembered, asked again with what "yes, and ..." adds; None if that adds nothing."""
    somebody = introduced(more)
    if somebody is not None and waiting.wish == "learn":  # "yes, but her name is Kimo"
        told = re.sub(rf"\b{re.escape(waiting.name)}\b", lambda _: somebody.name, waiting.about)
        about = " ".join(part for part in (told, somebody.about) if part)
        who = Introduced(somebody.name, somebody.category or waiting.category, about)
        return propose(desk, turn.but(images=waiting.photos), who)
    pronouns = rf"(?:she|he|it|they|her|his|its|their|{re.escape(waiting.name)})\b"
    if (
        not re.match(pronouns, more, re.IGNORECASE)
        or more.rstrip().endswith("?")
        or len(more.split()) < _NOTE
    ):
        return None
    note = split_clauses(f"{more[0].upper()}{more[1:]}", more.split()[0].capitalize())
    end = "" if not waiting.about or waiting.about.rstrip().endswith((".", "!", "?")) else "."
    about = f"{waiting.about}{end} {note}".strip()
    return _confirm(desk, turn, waiting.model_copy(update={"about": about}))


def _confirm(desk: Desk, turn: Turn, pending: Pending) -> Turn:
    name, photos = pending.name, [picture.image for picture in pending.photos]
    doubts = [re.split(r" \(|; ", str(one))[0] for one in desk.memory.doubts(name, photos, pending.about)]
    what = f", {with_article(pending.category)}" if pending.category else ""
    told = " ".join(build_profile(name, [pending.about] if pending.about else [], pending.category).facts)
    shown = (
        "the photo that you showed last"
        if photos and not turn.images and pending.wish != "photo"
        else "this photo"
        if len(photos) == 1
        else f"these {len(photos)} photos"
        if photos
        else ""
    )
    if pending.wish == "add":
        more = " and ".join(part for part in (shown, f"that {told}" if told else "") if part)
        said = f"I know {name} already. Shall I add {more or 'nothing new'}?"
    else:
        said = f"I would remember {name}{what}, with {shown}. {told} Shall I?".replace("  ", " ")
    if doubts:
        said += " But: " + "; ".join(doubts) + "."
    return turn.but(
        next="end", kind="confirm", said=said, choices=("yes", "no"), pending=pending, notices=tuple(doubts)
    )


def learn(desk: Desk, turn: Turn) -> Turn:
    """Remember what was confirmed; or, of somebody who had no photo yet, ask for confirmation now.

    Warnings of `PersonalMemory.remember` come as they do there; made errors, they keep the concept out.
    """
    pending = turn.pending
    if pending is None:
        return turn.but(next="end", kind="declined", said="There is nothing to learn.")
    if pending.wish == "photo":
        return _confirm(desk, turn, pending.model_copy(update={"wish": "learn", "photos": turn.images}))
    photos = [picture.image for picture in pending.photos]
    if pending.wish == "add":
        if not _is_added(desk, pending):
            desk.memory.update(pending.name, photos=photos, about=pending.about)
        said = f"I have added it to {pending.name}."
    else:
        if not _is_stored(desk, pending):
            desk.memory.remember(pending.name, photos, pending.about, category=pending.category)
        said = f"I will remember {pending.name}."
    return turn.but(next="end", kind="learned", said=said, subjects=(pending.name,), pending=None)


def _is_stored(desk: Desk, pending: Pending) -> bool:
    """Whether this very concept is there: the step is taken again if its process died before a checkpoint."""
    there = next((one for one in desk.memory.list() if one.name == pending.name), None)
    if there is None or not pending.photos:
        return False
    stored = {photo.digest for photo in there.photos}
    return stored == {pixel_digest(picture.image) for picture in pending.photos}


def _is_added(desk: Desk, pending: Pending) -> bool:
    """The same of photos and notes that are added."""
    there = desk.memory.show(pending.name)
    stored = {photo.digest for photo in there.photos}
    noted = not pending.about or pending.about in there.about
    return noted and stored.issuperset(pixel_digest(picture.image) for picture in pending.photos)
