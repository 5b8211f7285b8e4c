"""`PersonalMemory`: the one place where retrieval, KV segments, the model and the store meet."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from PIL import Image

from jarvis_retrievers.detected import RegionDetector
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError, JarvisWarning
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.index import RebuildableIndex
from jarvis_retrievers.masker import SubjectMasker
from jarvis_retrievers.text_embedder import TextEmbedder

from . import remembering
from .answer import Recollection
from .asking import Asking
from .asynchronous import AsyncMemory
from .chat.sessions import SESSION_BYTES
from .chatting import Chatting
from .checks import check_photos
from .concept import Concept, Moment, check_name
from .edits import with_edits
from .engine import Engine
from .finder import Explanation
from .footage import Video, filmed
from .intake import Intake, Photo, check_notes
from .kv import Mode
from .looking import Looking
from .maintaining import Maintaining
from .operation import operation
from .profiling.choice import check_profiler
from .profiling.profiler import Profiler
from .recalling import recalled
from .store.master_key import MasterKey
from .store.owner import OwnerStore
from .store.places import Blobs, Place
from .store.quota import Quota
from .store.tiers import Tiers
from .tiers import KV_GPU_BYTES, KV_RAM_BYTES, Quotas
from .viewing import viewed
from .vlm import VLM
from .vlm.query import Turn

__all__ = ["PersonalMemory"]


class PersonalMemory(Asking, AsyncMemory, Chatting, Looking, Maintaining):
    """Personal memory of one owner. Use `open`; threads may share it. Close it, or use it in a ``with``."""

    def __init__(self, store: OwnerStore, engine: Engine, mode: Mode = Mode.AUTO) -> None:
        self._store, self._engine, self.mode = store, engine, Mode(mode)
        self._writing = threading.RLock()

    @classmethod
    def open(
        cls,
        home: Place = "~/.jarvis",
        *,
        owner: str = "me",
        blobs: Blobs | None = None,
        segments: Tiers | None = None,
        model: str | VLM = "pocket",
        clip: str | ImageTextEncoder = "pocket",
        device: str | None = None,
        mode: str | Mode = Mode.AUTO,
        read_only: bool = False,
        kv_ram_bytes: int = KV_RAM_BYTES,
        kv_gpu_bytes: int = KV_GPU_BYTES,
        session_bytes: int = SESSION_BYTES,
        masker: SubjectMasker | None = None,
        profiler: str | Profiler | None = None,
        texts: TextEmbedder | None = None,
        detector: RegionDetector | None = None,
        key: MasterKey | None = None,
        quota: Quota | None = None,
        index: RebuildableIndex | None = None,
    ) -> Self:
        """Open the memory of ``owner`` in ``home``; the folder is made if it is missing.

        Args:
            home: a folder on a local disk; ``~`` is understood; or ``postgresql://...`` (docs/scale.md).
            owner: whose memory; owners in one home never see each other.
            blobs: for ``postgresql://``, where photos and segments are: ``s3://...`` or a folder.
            segments: where segments are besides, such as a fast disk or Redis; see `Tiers`.
            model: "pocket", a Hugging Face id, a folder, or a loaded `VLM`. Loaded when first needed.
            clip: "pocket", ``"ARCH/PRETRAINED"`` of open_clip, a folder, or an encoder.
            device: "cpu" or "cuda", by default the best. mode: see `Mode`. read_only: refuse writes.
            kv_ram_bytes, kv_gpu_bytes, session_bytes: bytes kept at hand, of segments and of earlier turns.
            masker: says where on photos the subject is, so that patches are of it; none by default.
            profiler: who describes new photos: None for nobody (notes do), "vlm" for the model, a `Profiler`.
            texts: compares questions with profiles; by default the text tower of ``clip`` does.
            detector: finds regions of questions' pictures, besides windows at several scales.
            key: of an encrypted home; by default the environment's, or the keyring's. See `MasterKey`.
            quota: limits what is written here, besides the quotas that are stored.
            index: holds the vectors (docs/vector_stores.md); by default FAISS in memory does.

        Raises: SettingError for what cannot be; see `OwnerStore.open`.
        """
        checked, quotas = Mode(mode), Quotas(kv_ram_bytes, kv_gpu_bytes, session_bytes)
        profiler = check_profiler(profiler)
        store = OwnerStore.open(
            home, owner, blobs=blobs, segments=segments, read_only=read_only, key=key, quota=quota
        )
        engine = Engine(store, model, clip, device, quotas, masker, profiler, texts, detector, index)
        return cls(store, engine, checked)

    @operation("remember")
    def remember(
        self,
        name: str,
        photos: Sequence[Photo] = (),
        about: str | Sequence[str] = (),
        *,
        category: str | None = None,
        aliases: Sequence[str] = (),
        videos: Sequence[Video] = (),
    ) -> Concept:
        """Remember a concept: read its photos once, mine its patches, encode and store its segment.

        Args:
            name: how it is called.
            photos: paths, bytes or images; one at least, if there is no video.
            about: notes in plain sentences; they are data, never instructions.
            category: what it is; found in the notes where they say so. aliases: other names.
            videos: paths or bytes; a few frames of each become photos (`jarvis_retrievers.frames`).

        Raises:
            ConceptNameError, ImageError, InputError: what was given cannot be used; nothing is changed.
            ExtraError: videos need the extra ``video``.
            DuplicateConceptError: there is a concept of this name; `update` it, or `forget` it first.
            ProfileError: the profiler's answer is no description; nothing is changed.

        Warns:
            PhotoWarning: a photo that shows nothing of it, or another concept. NoteWarning: notes that
            contradict each other. All is stored as given; made an error, a warning keeps it out.
        """
        clean, notes = check_name(name), check_notes(about)
        images, moments = _shown(photos, videos, clean)
        with self._writing:
            return remembering.add(
                self._store, self._engine, clean, images, notes, category, aliases, moments
            )

    def doubts(
        self,
        name: str,
        photos: Sequence[Photo] = (),
        about: str | Sequence[str] = (),
        videos: Sequence[Video] = (),
    ) -> list[JarvisWarning]:
        """What `remember`, or `update` if there is such a concept, would warn of; nothing is stored.

        Raises:
            ConceptNameError, ImageError, InputError: what was given cannot be used.
        """
        clean, notes = check_name(name), check_notes(about)
        check_photos(photos, "photos")
        images = _shown(photos, videos, clean)[0] if len(photos) or len(videos) else []
        return remembering.doubts(self._store, self._engine, clean, images, notes)

    @operation("update")
    def update(
        self,
        name: str,
        *,
        photos: Sequence[Photo] = (),
        about: str | Sequence[str] = (),
        category: str | None = None,
        aliases: Sequence[str] = (),
        videos: Sequence[Video] = (),
        changed: bool = False,
    ) -> Concept:
        """Add photos, videos, notes and aliases to a concept, and encode it again.

        Args:
            name: whose.
            photos, about, category, aliases, videos: what is new.
            changed: it looks as on these photos from now on. Those before are kept, and it is found by them,
                but answers are of the new ones.

        Raises:
            UnknownConceptError: there is none of this name. ImageError, InputError: as for `remember`; or
                ``changed`` without a new photo.

        Warns:
            PhotoWarning, NoteWarning: as for `remember`, about what is new.
        """
        notes = check_notes(about)
        check_photos(photos, "photos")
        if not (len(photos) or len(videos) or notes or category or aliases):
            what = "photos, videos, about, category or aliases"
            raise InputError(f"nothing to update of {name!r}; give {what}")
        given = (self._store, self._engine, name, photos, notes, category, aliases)
        with self._writing:
            return remembering.extend(*given, videos=videos, changed=changed)

    @operation("edit")
    def edit(
        self,
        name: str,
        *,
        category: str | None = None,
        caption: str | None = None,
        attributes: Sequence[str] | None = None,
        facts: Sequence[str] | None = None,
        reset: Sequence[str] = (),
    ) -> Concept:
        """Write parts of a profile by hand; they stay until they are reset, whatever notes say.

        Args:
            name: whose profile.
            category, caption, attributes, facts: in place of what notes give; None leaves it as it is.
            reset: which of these are made of the notes again.

        Raises:
            UnknownConceptError: there is none of this name. InputError: what is given cannot be used.
        """
        given = {"category": category, "caption": caption, "attributes": attributes, "facts": facts}
        change = partial(with_edits, changes=given, reset=tuple(reset))
        with self._writing:
            return remembering.extend(self._store, self._engine, name, (), (), None, (), change)

    @operation("recall")
    def recall(
        self,
        query: str = "",
        images: Sequence[Photo] = (),
        k: int = 3,
        history: Sequence[Turn] = (),
        *,
        video: Video | None = None,
    ) -> list[Recollection]:
        """Concepts that a query, pictures or a video are about, best first; ``k`` besides those it names."""
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        check_photos(images)
        shown, times = viewed(images, video)
        return recalled(self._engine.finder.find(query, shown, history, k=k), times)

    @operation("why")
    def why(
        self,
        question: str = "",
        images: Sequence[Photo] = (),
        history: Sequence[Turn] = (),
        *,
        video: Video | None = None,
    ) -> Explanation:
        """Why a question finds whom it finds: names, scores, regions and thresholds; see `Explanation`."""
        check_photos(images)
        shown, times = viewed(images, video)
        return replace(self._engine.finder.explain(question, shown, history), times=times)

    @operation("forget")
    def forget(self, name: str) -> Concept:
        """Forget a concept: nothing of it is left in any file of the home. Returns it as it was.

        What was destroyed is in the last of `receipts`.

        Raises:
            UnknownConceptError: there is none of this name.
        """
        with self._writing:
            gone = self._store.forget(name)
            self._store.amend_receipt((gone.id,), self._engine.dismiss(gone.id))
            return gone

    def close(self) -> None:
        """Let go of the home's files, and of what is kept of questions."""
        self._engine.dismiss()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _shown(
    photos: Sequence[Photo], videos: Sequence[Video], name: str
) -> tuple[list[Image.Image], Mapping[str, Moment]]:
    """All photos, those of videos last, each picture once, and where the frames are from."""
    film = filmed(videos)
    given = [] if film.images and not len(photos) else Intake.photos(photos, name)
    # A photo that was given is none of a video, whatever the video shows.
    own = {pixel_digest(photo) for photo in given}
    moments = {digest: moment for digest, moment in film.moments.items() if digest not in own}
    frames = {pixel_digest(image): image for image in film.images}
    return [*given, *(image for digest, image in frames.items() if digest in moments)], moments
