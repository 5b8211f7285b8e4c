"""Where the household is: in an installed package beside this file, in a checkout under ``examples``."""

from __future__ import annotations

from pathlib import Path

from jarvis_pocket.household import NOTES_FILE, Household, load_household
from jarvis_retrievers.errors import InputError

__all__ = ["household_folder", "read_household"]


def household_folder() -> Path:
    """The folder of the household that ships.

    Raises:
        InputError: it is not in this installation.
    """
    here = Path(__file__).resolve().parent
    places = (here / "household", here.parents[1] / "examples" / "household")
    for place in places:
        if (place / NOTES_FILE).is_file():
            return place
    raise InputError(
        f"the household is not in this installation, looked in {places[0]} and {places[1]}; "
        "install the package again, or draw one: python -m jarvis_pocket.homestead --out FOLDER"
    )


def read_household(folder: Path | None = None) -> Household:
    """The household of a folder, by default the one that ships; its paths are absolute.

    Raises:
        InputError: there is none in the folder, or it is not as it must be.
    """
    place = household_folder() if folder is None else folder.expanduser().absolute()
    try:
        return load_household(place)
    except ValueError as error:
        raise InputError(str(error)) from error
