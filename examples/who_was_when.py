"""A video says who was there when: a few of its frames stand for it (extra ``video``). It prints

Nori   seen at 0.0 s
Domu   seen at 1.0 s
"""

import io
import tempfile

import av
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder

photos = household_folder() / "photos"


def clip(files: list[str]) -> bytes:
    """A second of each photo, as a video file."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=8)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "bgr0"
        for file in files:
            with Image.open(photos / file) as photo:
                for _ in range(8):
                    container.mux(stream.encode(av.VideoFrame.from_image(photo.convert("RGB"))))
        container.mux(stream.encode())
    return buffer.getvalue()


with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    memory.remember("Nori", videos=[clip(["nori-1.png"])])
    memory.remember("Domu", [photos / "domu-1.png"])
    film = clip(["nori-2.png", "domu-2.png"])
    for one in sorted(memory.recall(video=film), key=lambda found: found.seconds or 0):
        print(f"{one.name:6} seen at {one.seconds:.1f} s")
