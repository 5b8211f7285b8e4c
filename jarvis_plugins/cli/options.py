"""Options that several commands share: they may stand before the command or behind it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jarvis_retrievers.errors import SettingError

__all__ = [
    "BlobsOption",
    "ClipOption",
    "DeviceOption",
    "HomeOption",
    "JsonOption",
    "ModelOption",
    "OwnerOption",
    "Settings",
    "settings_of",
]

HomeOption = Annotated[
    str | None,
    typer.Option(
        "--home", metavar="PLACE", help="Where everything is kept: a folder (~/.jarvis), or postgresql://..."
    ),
]
BlobsOption = Annotated[
    str | None,
    typer.Option(
        "--blobs",
        metavar="PLACE",
        help="For postgresql://, where photos are: s3://bucket/prefix, file:///folder.",
    ),
]
OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="ID", help="Whose memory; by default 'me'.")
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="VLM: 'pocket' (default), a Hugging Face id, or a folder."),
]
ClipOption = Annotated[
    str | None,
    typer.Option(
        "--clip", metavar="NAME", help="OpenCLIP: 'pocket' (default), ARCHITECTURE/TAG, or a folder."
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="NAME", help="'cpu' or 'cuda'; by default the best there is."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the shared options say."""

    home: str = "~/.jarvis"
    owner: str = "me"
    model: str = "pocket"
    clip: str = "pocket"
    device: str | None = None
    blobs: str | None = None

    def with_given(self, **given: str | None) -> Settings:
        """These settings, with those that were given instead.

        Raises:
            SettingError: an empty value, such as an unset variable of a shell leaves.
        """
        for name, value in given.items():
            if value is not None and not value.strip():
                raise SettingError(f"--{name} is empty; give a value, or leave the option out")
        return dataclasses.replace(self, **{k: v for k, v in given.items() if v is not None})

    @property
    def in_cluster(self) -> bool:
        """Whether the home is named by a URL."""
        return "://" in self.home

    @property
    def folder(self) -> Path:
        """The home as a path.

        Raises:
            SettingError: it is a cluster.
        """
        if self.in_cluster:
            raise SettingError("this command needs a home in a folder, got a URL; name another with --home")
        return self.at(self.home)

    @property
    def place(self) -> str:
        """The home for messages; of a URL nothing that may be a password."""
        return "the cluster" if self.in_cluster else str(self.folder)

    @property
    def there(self) -> bool:
        """Whether the home is there; of a cluster only its server can say."""
        return self.in_cluster or self.folder.exists()

    @staticmethod
    def at(path: str) -> Path:
        """A path as a shell would read it."""
        return Path(path).expanduser()


def settings_of(context: typer.Context, **given: str | None) -> Settings:
    """What was given behind the command, else before it, else the default."""
    before = context.find_object(Settings) or Settings()
    return before.with_given(**given)
