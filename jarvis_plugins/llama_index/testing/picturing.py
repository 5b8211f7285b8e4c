"""The part of the suite for LLMs that is about images."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ImageBlock,
    MessageRole,
    TextBlock,
)
from llama_index.core.callbacks.token_counting import get_tokens_from_response
from llama_index.core.llms import LLM

from .suite import Suite, needs, png, run

__all__ = ["PictureConformance"]


class PictureConformance(Suite):
    """Images of messages.

    Whether an image has reached the model is seen from outside: answer or count of tokens are others than
    without it. A model that answers the same and counts no tokens fails.

    Attributes:
        takes_images: `ImageBlock` with bytes.
        takes_image_paths: with a path; override `path_of` for a model that reads some folders only.
        takes_data_urls: with a ``data:`` URL.
        refuses_bad_images: bytes that are no image are a ValueError.
    """

    takes_images: bool = False
    takes_image_paths: bool = False
    takes_data_urls: bool = False
    refuses_bad_images: bool = False

    @needs("takes_images")
    def test_an_image_reaches_the_model(self, llm: LLM) -> None:
        """Optional (takes_images): it makes a difference, in every way to ask."""

        async def work() -> ChatResponse:
            return await llm.achat(self.shown(_block()))

        bare = self.trace(llm.chat(self.shown()))
        seen = self.trace(llm.chat(self.shown(_block())))
        assert seen != bare
        assert self.trace(run(work())) == seen
        assert self.trace(list(llm.stream_chat(self.shown(_block())))[-1])[0] == seen[0]

    @needs("takes_images")
    def test_an_image_of_an_earlier_turn_stays(self, llm: LLM) -> None:
        """Optional (takes_images): also when the question comes after it."""
        later = [
            ChatMessage("A mug.", role=MessageRole.ASSISTANT),
            ChatMessage("And what colour is it?", role=MessageRole.USER),
        ]
        if (bare := self.tokens(llm.chat([*self.shown(), *later]))[0]) == 0:
            pytest.skip("it counts no tokens, and its answer may not show it")
        assert self.tokens(llm.chat([*self.shown(_block()), *later]))[0] > bare

    @needs("takes_images")
    def test_two_images_are_two(self, llm: LLM) -> None:
        """Optional (takes_images): both reach the model."""
        one = self.trace(llm.chat(self.shown(_block())))
        assert self.trace(llm.chat(self.shown(_block(), _block("blue")))) != one

    @needs("takes_images")
    def test_messages_with_images_are_left_alone(self, llm: LLM) -> None:
        """Optional (takes_images): a call does not change the block given."""
        given = self.shown(_block())
        llm.chat(given)
        assert given == self.shown(_block())

    @needs("takes_images", "takes_image_paths")
    def test_paths(self, llm: LLM, tmp_path: Path) -> None:
        """Optional (takes_image_paths): the same as the bytes."""
        block = ImageBlock(path=self.path_of(png("red"), tmp_path))
        assert self.trace(llm.chat(self.shown(block))) == self.trace(llm.chat(self.shown(_block())))

    @needs("takes_images", "takes_data_urls")
    def test_data_urls(self, llm: LLM) -> None:
        """Optional (takes_data_urls): the same as the bytes."""
        url = "data:image/png;base64," + base64.b64encode(png("red")).decode("ascii")
        block = ImageBlock.model_validate({"url": url})
        assert self.trace(llm.chat(self.shown(block))) == self.trace(llm.chat(self.shown(_block())))

    @needs("takes_images", "refuses_bad_images")
    def test_bytes_that_are_no_image(self, llm: LLM) -> None:
        """Optional (refuses_bad_images): a ValueError, not an answer without the image."""
        with pytest.raises(ValueError, match=r"\w"):
            llm.chat(self.shown(ImageBlock(image=b"this is no image!")))

    def path_of(self, data: bytes, folder: Path) -> Path:
        """A file with these bytes that the model may read."""
        path = folder / "image.png"
        path.write_bytes(data)
        return path

    def shown(self, *blocks: ImageBlock) -> list[ChatMessage]:
        """A question about images."""
        return [ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text="What is this?"), *blocks])]

    def tokens(self, answer: ChatResponse) -> tuple[int, int]:
        """Tokens in and out, as LlamaIndex's `TokenCountingHandler` finds them; 0 where nothing is said."""
        raw = get_tokens_from_response(answer)
        if raw != (0, 0):
            return raw
        more = answer.additional_kwargs
        return int(more.get("prompt_tokens", 0)), int(more.get("completion_tokens", 0))

    def trace(self, answer: ChatResponse) -> tuple[str, int]:
        """What of an answer depends on what the model was given."""
        return answer.message.content or "", self.tokens(answer)[0]


def _block(colour: str = "red") -> ImageBlock:
    return ImageBlock(image=png(colour), image_mimetype="image/png")
