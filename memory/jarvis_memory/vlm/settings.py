"""What a model folder says besides the model: how large images are made, and what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jarvis_memory.kv import Mode, Storage
from jarvis_retrievers.errors import SettingError

__all__ = ["ImageSettings", "Measured", "read_settings"]

T = TypeVar("T", bound=BaseModel)


class ImageSettings(BaseModel):
    """How large images are made before the model sees them.

    A model folder may bring its own in a file ``jarvis.json``, such as
    ``{"patch_side": 32, "question_pixels": 4608}``.

    Attributes:
        patch_side: Side in pixels of the square that a patch is resized to.
        question_pixels: The most pixels of an image in a question; ``None`` leaves it to the processor.
        photo_pixels: The most pixels of a whole photo in a segment; ``None`` leaves it to the processor.
        question_images: How many pictures of a question the model reads well at once; a video's frames
            beyond these are asked about in turn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    patch_side: int = Field(default=224, ge=8, le=4096)
    question_pixels: int | None = Field(default=None, ge=64, le=4096 * 4096)
    photo_pixels: int | None = Field(default=None, ge=64, le=4096 * 4096)
    question_images: int = Field(default=16, ge=1, le=1024)

    @classmethod
    def read(cls, folder: Path) -> ImageSettings:
        """The settings of a model folder; the defaults where it has no ``jarvis.json``.

        Raises:
            SettingError: The file is there, but is not these settings.
        """
        return read_settings(cls, folder / "jarvis.json", '{"patch_side": 224}') or cls()


class Measured(BaseModel):
    """What the gate found for a model before it was given away: the file ``gate.json`` of its folder.

    Attributes:
        mode: How contexts of several segments are made.
        storage: How segments were stored meanwhile; it says nothing of others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode
    storage: Storage

    @classmethod
    def read(cls, folder: Path) -> Measured | None:
        """That of a model folder, None if it has none.

        Raises:
            SettingError: The file is there, but is not this.
        """
        return read_settings(cls, folder / "gate.json", '{"mode": "exact", "storage": "bf16"}')


def read_settings(kind: type[T], file: Path, example: str) -> T | None:
    """A JSON file of a model folder, None if it is not there.

    Raises:
        SettingError: The file is there, but is not of this kind; the message shows an example.
    """
    if not file.is_file():
        return None
    try:
        return kind.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingError(
            f"{file.name} of this model is not right at {where}: {first['msg']}. Write for example {example}."
        ) from error
