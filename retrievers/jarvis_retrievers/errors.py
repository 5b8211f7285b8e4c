"""Every error this project raises on purpose, and every warning about what was given.

::

    JarvisError
    ├── InputError (ValueError)            what the caller gave cannot be used
    │   ├── ImageError                     a photo that is empty, broken, too large, or no image
    │   │   └── VideoError                 a video that is empty, broken, too large or long, or no video
    │   ├── ConceptNameError               a name that is empty, too long, or holds control characters
    │   ├── DuplicateConceptError          a concept of this name is there already
    │   ├── UnknownConceptError            no concept of this name is there
    │   ├── DatasetError                   a benchmark's data in another layout, damaged, or no data at all
    │   └── SettingError                   an option out of its range, or a model name that cannot be loaded
    ├── StoreError                         the home on disk cannot be used
    │   ├── HomeFormatError                written by a newer version
    │   ├── HomeReadOnlyError              no permission to write
    │   ├── NoRoomError                    the disk is full, or a quota is reached
    │   │   └── QuotaError                 an owner would have more than the quota allows
    │   ├── LockedHomeError                encrypted, and its key is not there
    │   │   └── WrongKeyError              another key than the one it was encrypted with
    │   ├── StaleIndexError                a vector store that lacks some of what the record has
    │   └── CorruptRecordError             a record or blob whose digest does not match
    ├── ExtraError (ImportError)           a part of the package whose extra is not installed
    └── ModelError                         the model cannot do what is asked
        ├── UnsupportedModelError          an architecture whose KV cache cannot be moved or composed
        ├── FingerprintError               a segment that another model, or another prefix, has made
        ├── ContextError                   a context and a model, or a cut, that do not go together
        │   └── WindowError                more positions than the model's window has
        ├── DeadlineError (TimeoutError)   an answer that took longer than it may
        ├── EmbeddingError                 a text encoder that fails, or gives vectors that cannot be used
        ├── LoopError                      a turn of a conversation that takes more steps than it may
        ├── CallError (ValueError)         an answer without the call of a tool that it must have
        └── ProfileError                   a model's answer that is no description of a concept

    JarvisWarning (UserWarning)            done as asked, but it may not be what was meant
    ├── PhotoWarning                       a photo that shows nothing of its concept, or another concept
    ├── NoteWarning                        notes that contradict each other
    └── MaskWarning                        no subject was found on a photo, so nothing of it is masked

Each message says what was wrong, what was got, and what to do. The command line prints it on one line; after
an error it exits with 2. Warnings come before anything is stored: ``warnings.simplefilter("error",
JarvisWarning)`` refuses what they are about.
"""

from __future__ import annotations

__all__ = [
    "CallError",
    "ConceptNameError",
    "ContextError",
    "CorruptRecordError",
    "DatasetError",
    "DeadlineError",
    "DuplicateConceptError",
    "EmbeddingError",
    "ExtraError",
    "FingerprintError",
    "HomeFormatError",
    "HomeReadOnlyError",
    "ImageError",
    "InputError",
    "JarvisError",
    "JarvisWarning",
    "LockedHomeError",
    "LoopError",
    "MaskWarning",
    "ModelError",
    "NoRoomError",
    "NoteWarning",
    "PhotoWarning",
    "ProfileError",
    "QuotaError",
    "SettingError",
    "StaleIndexError",
    "StoreError",
    "UnknownConceptError",
    "UnsupportedModelError",
    "VideoError",
    "WindowError",
    "WrongKeyError",
]


class JarvisError(Exception):
    """Base of all errors of this project."""


class InputError(JarvisError, ValueError):
    """What the caller gave cannot be used."""


class ImageError(InputError):
    """A photo that is empty, broken, too large, or no image."""


class VideoError(ImageError):
    """A video that is empty, broken, too large or long, or no video."""


class ConceptNameError(InputError):
    """A name that is empty, too long, or holds control characters."""


class DuplicateConceptError(InputError):
    """A concept of this name is there already."""


class UnknownConceptError(InputError):
    """No concept of this name is there."""


class DatasetError(InputError):
    """A benchmark's data in another layout than the published one, damaged, or no data at all."""


class SettingError(InputError):
    """An option out of its range, or a model name that cannot be loaded."""


class StoreError(JarvisError):
    """The home on disk cannot be used."""


class HomeFormatError(StoreError):
    """The home was written by a newer version."""


class HomeReadOnlyError(StoreError):
    """The home cannot be written."""


class NoRoomError(StoreError):
    """The disk is full, or a quota is reached; what was there is as it was."""


class QuotaError(NoRoomError):
    """An owner would have more than the quota allows; nothing was changed."""


class LockedHomeError(StoreError):
    """The home is encrypted, and its key is not there."""


class WrongKeyError(LockedHomeError):
    """Another key than the one the home was encrypted with; nothing was changed."""


class CorruptRecordError(StoreError):
    """A record or blob whose digest does not match."""


class StaleIndexError(StoreError):
    """A vector store that lacks some of what the record has; it can be rebuilt from there."""


class ExtraError(JarvisError, ImportError):
    """A part of the package whose extra is not installed."""


class ModelError(JarvisError):
    """The model cannot do what is asked."""


class UnsupportedModelError(ModelError):
    """An architecture whose KV cache cannot be moved or composed."""


class FingerprintError(ModelError):
    """A segment that another model, or another prefix, has made."""


class ContextError(ModelError):
    """A context and a model, or a cut, that do not go together."""


class WindowError(ContextError):
    """More positions than the model's window has."""


class DeadlineError(ModelError, TimeoutError):
    """An answer that took longer than it may."""


class LoopError(ModelError):
    """A turn of a conversation that takes more steps than it may."""


class EmbeddingError(ModelError):
    """A text encoder that fails, or gives vectors that cannot be used."""


class CallError(ModelError, ValueError):
    """An answer without the call of a tool that it must have."""


class ProfileError(ModelError):
    """A model's answer that is no description of a concept."""


class JarvisWarning(UserWarning):
    """Base of all warnings about what was given: it was done as asked, but look at it."""


class PhotoWarning(JarvisWarning):
    """A photo that shows nothing of its concept, or another concept."""


class NoteWarning(JarvisWarning):
    """Notes that contradict each other."""


class MaskWarning(JarvisWarning):
    """No subject was found on a photo, so nothing of it is masked."""
