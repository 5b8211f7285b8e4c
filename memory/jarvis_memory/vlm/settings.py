"""How large images are made before the model sees them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jarvis_retrievers.errors import SettingError

__all__ = ["ImageSettings"]


class ImageSettings(BaseModel):
    """How large images are made before the model sees them.

    A model folder may bring its own in a file ``jarvis.json``, such as
    ``{"patch_side": 32, "question_pixels": 4608}``.

    Attributes:
        patch_side: Side in pixels of the square that a patch is resized to.
        question_pixels: The most pixels of an image in a question; ``None`` leaves it to the processor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    patch_side: int = Field(default=224, ge=8, le=4096)
    question_pixels: int | None = Field(default=None, ge=64, le=4096 * 4096)

    @classmethod
    def read(cls, folder: Path) -> ImageSettings:
        """The settings of a model folder; the defaults where it has no ``jarvis.json``.

        Raises:
            SettingError: The file is there, but is not these settings.
        """
        file = folder / "jarvis.json"
        if not file.is_file():
            return cls()
        try:
            return cls.model_validate_json(file.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise SettingError(
                f"{file.name} of this model is not right at {where}: {first['msg']}. "
                'Write for example {"patch_side": 224}.'
            ) from error
