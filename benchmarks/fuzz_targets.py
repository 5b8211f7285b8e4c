"""What reads bytes and text of others: for each a few right examples, and what holds whatever it is given.

Right is an error of the project's own tree, or a value that is what is promised; a target raises all else.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jarvis_retrievers.errors import ImageError, InputError, JarvisError

__all__ = ["TARGETS", "Target"]

_PRINT = "0" * 64


@dataclass(frozen=True)
class Target:
    """Something that reads what others wrote.

    Attributes:
        about: what it reads.
        examples: right ones, to begin with.
        run: reads bytes; raises if a promise is broken.
    """

    about: str
    examples: Callable[[], list[bytes]]
    run: Callable[[bytes], None]


def _text(data: bytes) -> str:
    """Any bytes as a text, halves of characters among them."""
    try:
        return data.decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace")


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


# Segments.


def _rotary(positions: Any) -> tuple[Any, Any]:
    import torch

    angles = positions[0, :, None].float() * torch.tensor([1.0, 0.1])
    return angles.cos(), angles.sin()


def _segments() -> list[bytes]:
    import torch

    from jarvis_memory.kv import Inputs, Part, Segment, Storage, segment_to_bytes

    inputs = Inputs((5, 6, 7), torch.arange(3).repeat(3, 1), torch.zeros(1, 1, 4))
    parts = (Part("profile", 2, 2, 0), Part("patch", 1, 1, 1))
    segment = Segment(torch.ones(1, 1, 3, 4), torch.ones(1, 1, 3, 4), inputs, parts, 2, _PRINT)
    return [segment_to_bytes(segment, storage, _rotary) for storage in Storage]


def _sealed(data: bytes) -> bytes:
    """With a right digest, as somebody would write it who knows the format."""
    from blake3 import blake3

    at = data.find(b'"blake3":"') + 10
    if at < 10 or len(data) < at + 64:
        return data
    blank = data[:at] + b"0" * 64 + data[at + 64 :]
    return data[:at] + blake3(blank).hexdigest().encode() + data[at + 64 :]


def _segment(data: bytes) -> None:
    from jarvis_memory.kv import segment_from_bytes, segment_to_bytes
    from jarvis_retrievers.errors import CorruptRecordError, FingerprintError

    for given in (data, _sealed(data)):
        try:
            stored = segment_from_bytes(given, _PRINT, _rotary)
        except (CorruptRecordError, FingerprintError):
            continue
        if stored.segment is None:
            continue
        _must(stored.segment.tokens == len(stored.inputs.token_ids), "rows and tokens differ")
        again = segment_from_bytes(segment_to_bytes(stored.segment, "f32"), _PRINT)
        _must(again.parts == stored.parts and again.segment is not None, "a segment did not come back")


# Snapshots of clusters.


def _clusters() -> list[bytes]:
    import numpy as np

    from jarvis_retrievers.cluster_snapshot import ClusterSnapshot

    ids = np.arange(3, dtype=np.int64)
    one = ClusterSnapshot(np.ones((2, 4), np.float32), ids, np.zeros(3, np.int32), 1, 0.9, 3)
    return [one.to_bytes()]


def _cluster(data: bytes) -> None:
    from jarvis_retrievers.cluster_snapshot import ClusterSnapshot
    from jarvis_retrievers.errors import CorruptRecordError

    try:
        made = ClusterSnapshot.from_bytes(data, 4)
    except CorruptRecordError:
        return
    again = ClusterSnapshot.from_bytes(made.to_bytes(), 4)
    _must((again.ids == made.ids).all() and again.probes == made.probes, "a snapshot did not come back")


# Images, and what names them.


def _images() -> list[bytes]:
    from PIL import Image

    found = []
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        buffer = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (5, 3), (200, 30, 40)).save(buffer, kind, exif=exif.tobytes())
        found.append(buffer.getvalue())
    return found


def _image(data: bytes) -> None:
    import warnings

    from jarvis_retrievers.images import load_image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of spoilt EXIF
            made = load_image(data, max_pixels=100_000)
    except ImageError as error:
        _must("\n" not in str(error), "an error of two lines")
        return
    _must(made.mode == "RGB" and not made.info and made.width * made.height <= 100_000, "not plain RGB")


def _sources() -> list[bytes]:
    return [
        b"data:image/png;base64,iVBORw0KGgo=",
        b"https://a.example:443/a.png?x=1",
        b"file:///etc/a",
        b"../a",
        b"a.png",
    ]


def _source(data: bytes) -> None:
    from jarvis_retrievers.sources import ImagePolicy

    text = _text(data)
    for policy in (ImagePolicy(), ImagePolicy(root=_folder())):
        for take in (policy.load, policy.from_url, policy.from_base64, policy.from_path):
            try:
                take(text)
            except ImageError as error:
                _must("\n" not in str(error), "an error of two lines")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="jarvis-fuzz-"))


# What people write.


def _names() -> list[bytes]:
    return ["Bo", "Mia's mug", "\uff1c\uff5cim_end\uff5c\uff1e", "ear: black", "e\u0301", "A dog."]


def _name(data: bytes) -> None:
    from jarvis_memory.checks import check_attribute, check_caption, check_name, check_note, name_key
    from jarvis_memory.profile import build_profile, profile_text

    text = _text(data)
    for check in (check_name, check_attribute, check_caption):
        try:
            kept = check(text)
        except JarvisError as error:
            _must("\n" not in str(error), "an error of two lines")
            continue
        _must(check(kept) == kept, f"{check.__name__} does not keep what it gave")
        _must(len(kept.splitlines()) == 1, f"{check.__name__} gave several lines")
    _must(name_key(name_key(text)) == name_key(text), "a key of a key is another")
    try:
        note = check_note(text)
    except InputError:
        return
    _must(note == text, "a note was changed")
    profile = build_profile("Bo", [note], None)
    _must(all("\n" not in fact for fact in profile.facts), "a fact of two lines")
    _must(
        profile_text(profile) == profile_text(build_profile("Bo", [note], None)), "two profiles of one note"
    )


@cache
def _encoder() -> Any:
    from jarvis_memory.vlm import VLM

    return VLM.load("pocket", device="cpu").parts.encoder


def _prompts() -> list[bytes]:
    return [
        b"<|im_end|>",
        b"<|vision_start|><|image_pad|><|vision_end|>",
        b"What does Bo like?",
        b"<tool_call>{}",
    ]


def _prompt(data: bytes) -> None:
    text = _text(data)
    encoder = _encoder()
    try:
        ids = encoder.encode(text)
    except InputError:
        return
    _must(not encoder.control_ids & set(ids), "a text became a control token")
    _must(encoder.decode(ids) == text, "a text did not come back")


# What models say.


def _descriptions() -> list[bytes]:
    one = {
        "category": "dog",
        "caption": "A small dog.",
        "attributes": ["ear: black"],
        "facts": ["Bo sleeps."],
    }
    return [json.dumps(one).encode(), b"{}", b"```json\n{}\n```"]


def _description(data: bytes) -> None:
    from pydantic import ValidationError

    from jarvis_agents.collaboration.jsons import read_object
    from jarvis_memory.profiling.description import Description

    read_object(_text(data))
    try:
        made = Description.model_validate_json(data)
    except ValidationError:
        return
    _must(Description.model_validate_json(made.model_dump_json()) == made, "a description did not come back")


@cache
def _scripted() -> Any:
    from jarvis_memory.testing import ScriptedVLM

    return ScriptedVLM(["yes"])


def _calls() -> list[bytes]:
    return [
        b'{"name": "clock", "arguments": {"zone": "x"}}',
        b'{"name": "clock"}</tool_call>',
        b"[[1, 2e9], NaN]",
    ]


def _call(data: bytes) -> None:
    from jarvis_memory.chat.message import ToolCall
    from jarvis_memory.chat.reading import Reader

    model = _scripted()
    text = _text(data)
    read = model.syntax.read(text, ["clock"])
    if isinstance(read, ToolCall):
        _must(read.name == "clock", "a tool that is not there")
        _must(json.loads(json.dumps(dict(read.arguments))) == read.arguments, "arguments that are no JSON")
    reader = Reader(model._encoder.decode, {model._end}, ["stop"], model.syntax, ["clock"])
    told = "".join(reader.feed(byte) for byte in data[:200])
    rest, whole, calls, bad = reader.end()
    _must((told + rest).rstrip() == whole.rstrip(), "pieces and text differ")
    _must(all(call.name == "clock" for call in calls) and bad is not None, "a tool that is not there")


# What programs send.


def _requests() -> list[bytes]:
    return [
        b"GET\n/\nhost: localhost:8080",
        b"GET\n/login\nhost: [::1]:8080\norigin: http://[::1]:8080",
        b"POST\n/photo/../x\nhost: evil\nsec-fetch-site: cross-site\ncookie: session=abc",
    ]


@cache
def _page() -> Any:
    from starlette.responses import PlainTextResponse

    from jarvis_plugins.serving import Service
    from jarvis_plugins.serving.rate import Rate
    from jarvis_plugins.serving.server import walled
    from jarvis_plugins.serving.sessions import Sessions

    return walled(PlainTextResponse("the page"), Service(), Sessions(), Rate(10**9))


def _request(data: bytes) -> None:
    lines = data.split(b"\n")
    method, path = (*lines, b"", b"")[:2]
    headers = [tuple(part.strip() for part in line.split(b":", 1)) for line in lines[2:] if b":" in line]
    place, _, query = path.partition(b"?")
    kind = "websocket" if method == b"WS" else "http"
    scope: dict[str, Any] = {
        "type": kind,
        "method": method.decode("latin-1") or "GET",
        "path": place.decode("latin-1") or "/",
        "raw_path": place,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    if kind == "websocket":
        scope["type"] = "http"
    asyncio.run(_page()(scope, receive, send))
    statuses = [message["status"] for message in sent if message["type"] == "http.response.start"]
    _must(
        len(statuses) == 1 and statuses[0] in {200, 303, 401, 403, 404, 421, 429}, f"answered with {statuses}"
    )
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    _must(bool(hosts) or statuses[0] == 421, "answered without a host")


def _items() -> list[bytes]:
    return [b'{"ns": ["a", "b"], "key": "k", "value": {"text": "x", "n": [1, 2.5, null]}}']


@cache
def _store() -> Any:
    from jarvis_plugins.langchain import PersonalStore

    return PersonalStore(_folder() / "home", "ana")


def _item(data: bytes) -> None:
    from langgraph.store.base import InvalidNamespaceError

    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, dict):
        return
    place, key, value = given.get("ns"), given.get("key"), given.get("value")
    namespace = tuple(place) if isinstance(place, list) else place
    try:
        _store().put(namespace, key, value)
        kept = _store().get(namespace, key)
        _store().search(namespace[:1], filter=value if isinstance(value, dict) else None)
    except (JarvisError, InvalidNamespaceError):
        return
    _must(value is None or json.dumps(kept.value) == json.dumps(value), "an item did not come back")
    _store().delete(namespace, key)


TARGETS: dict[str, Target] = {
    "call": Target("calls of tools in what a model says", _calls, _call),
    "cluster": Target("snapshots of an index", _clusters, _cluster),
    "description": Target("descriptions of photos by a model", _descriptions, _description),
    "image": Target("the door of images", _images, _image),
    "item": Target("values of agents", _items, _item),
    "name": Target("names, notes, captions and attributes", lambda: [n.encode() for n in _names()], _name),
    "prompt": Target("text on its way to the model", _prompts, _prompt),
    "request": Target("requests to the page", _requests, _request),
    "segment": Target("stored segments", _segments, _segment),
    "source": Target("addresses and paths of images", _sources, _source),
}
"""What is tried, by name."""

os.environ.setdefault("HF_HUB_OFFLINE", "1")
