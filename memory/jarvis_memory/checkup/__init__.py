"""What `jarvis doctor` looks at. It reads only, and loads neither torch nor a model."""

from __future__ import annotations

from pathlib import Path

from .check import Check, State, worst
from .home import look_at_home
from .machine import look_at_machine
from .model import look_at_model

__all__ = ["Check", "State", "checkup", "worst"]


def checkup(home: Path, model: str = "pocket", clip: str = "pocket") -> list[Check]:
    """Everything that can be said of this installation, a model and a home, without changing a byte.

    Args:
        home: a folder; it need not be there.
        model, clip: as for `PersonalMemory.open`.
    """
    models = [*look_at_model(model, clip)]
    measured = any(check.name == "gate" for check in models)
    return [*look_at_machine(), *models, *look_at_home(home, measured=measured)]
