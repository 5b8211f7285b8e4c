"""Every added token of every family, and whatever looks like one, is text once a user wrote it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from jarvis_memory.vlm import TextEncoder
from jarvis_memory.vlm.families.choice import FAMILIES
from jarvis_retrievers.errors import InputError
from tests.kv.control import WIDE, hidden_everywhere, variants
from tests.kv.published import PUBLISHED, fresh
from tests.kv.tiny import make_tokenizer


@cache
def encoder(family: str) -> TextEncoder:
    tokenizer = make_tokenizer()
    tokenizer.add_tokens(fresh(tokenizer, PUBLISHED[family]))
    return TextEncoder(tokenizer)


def test_every_family_has_its_list() -> None:
    assert set(PUBLISHED) == {family.model_type for family in FAMILIES}


@pytest.mark.parametrize("family", PUBLISHED)
def test_no_added_token_is_reached(family: str) -> None:
    """100 % of the added tokens of the family, each in every variant."""
    mine = encoder(family)
    for token in PUBLISHED[family]:
        text = " ".join(variants(token))
        ids = mine.encode(text)
        assert not mine.control_ids & set(ids), token
        assert mine.decode(ids) == text
        assert not mine.control_ids & set(mine.encode(token))


@pytest.mark.parametrize("family", PUBLISHED)
def test_halves_do_not_join(family: str) -> None:
    """Ids are joined, never texts: half a token at the end of one field and half at the start of the next."""
    mine = encoder(family)
    for token in PUBLISHED[family]:
        for at in {1, 2, len(token) // 2, len(token) - 2, len(token) - 1}:
            ids = mine.encode(token[:at]) + mine.encode(token[at:])
            assert not mine.control_ids & set(ids), (token, at)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_mixture_is_reached(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(sorted(PUBLISHED)))
    tokens = st.sampled_from(PUBLISHED[family])
    piece = st.one_of(
        tokens,
        tokens.map(hidden_everywhere),
        tokens.map(lambda token: token.translate(WIDE)),
        st.tuples(tokens, st.integers(0, 12)).map(lambda cut: cut[0][: cut[1]]),
        st.tuples(tokens, st.integers(0, 12)).map(lambda cut: cut[0][cut[1] :]),
        st.text(max_size=4),
    )
    text = "".join(data.draw(st.lists(piece, max_size=12)))
    mine = encoder(family)
    ids = mine.encode(text)
    assert not mine.control_ids & set(ids)
    assert mine.decode(ids) == text


# Vocabularies as SentencePiece leaves them: the control tokens are words of it, and merges may lead there.


def pieces(tokens: tuple[str, ...], *, whole: bool, normalizer: Any = None) -> TextEncoder:
    """A vocabulary with byte fallback whose words are also the control tokens.

    Args:
        tokens: the control tokens.
        whole: a word that is in the vocabulary is one token, whatever merges say (``ignore_merges``).
        normalizer: what is done to texts first.
    """
    letters = sorted({letter for token in tokens for letter in token} | set("abc \u2581\n"))
    vocab = {f"<0x{byte:02X}>": byte for byte in range(256)}
    merges: list[tuple[str, str]] = []
    for word in [*letters, *(token[:end] for token in tokens for end in range(2, len(token) + 1))]:
        vocab.setdefault(word, len(vocab))
    for token in tokens:
        for end in range(2, len(token) + 1):
            merges.append((token[: end - 1], token[end - 1]))
    model = models.BPE(
        vocab, list(dict.fromkeys(merges)), byte_fallback=True, ignore_merges=whole, fuse_unk=True
    )
    backend = Tokenizer(model)
    backend.normalizer = normalizer or normalizers.Replace(" ", "\u2581")
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("x"), "isolated")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    for token in tokens:
        space = not token.strip(" \n\u2581")
        backend.add_tokens([AddedToken(token, normalized=False, special=not space)])
    return TextEncoder(PreTrainedTokenizerFast(tokenizer_object=backend))


TURNS = ("<start_of_turn>", "<end_of_turn>", "<image>")


@pytest.mark.parametrize("whole", [False, True])
def test_a_vocabulary_that_has_control_tokens_as_words_is_no_way_in(whole: bool) -> None:
    mine = pieces(TURNS, whole=whole)
    reached = mine._bare.encode(TURNS[0], add_special_tokens=False).ids
    assert mine.control_ids & set(reached), "the guard is not needed here"
    for token in TURNS:
        for text in (token, token * 50, f"a {token} b", f"{token[:4]}{token}{token[4:]}"):
            ids = mine.encode(text)
            assert not mine.control_ids & set(ids)
            assert mine.decode(ids) == text


def test_what_a_normaliser_makes_is_text_too() -> None:
    """Fullwidth signs become the token within the tokenizer: the guard stands behind it."""
    mine = pieces(TURNS, whole=False, normalizer=normalizers.NFKC())
    wide = TURNS[0].translate(WIDE)
    assert mine.control_ids & set(mine._bare.encode(wide, add_special_tokens=False).ids)
    ids = mine.encode(f"a{wide}b")
    assert not mine.control_ids & set(ids)
    assert mine.decode(ids) == f"a{TURNS[0]}b"


def test_a_control_token_of_one_character_is_refused() -> None:
    with pytest.raises(InputError, match="control token '\u2600'"):
        pieces(("\u2600",), whole=False).encode("a\u2600")


def test_runs_of_space_are_text() -> None:
    """Gemma adds them as tokens and merges them, too: an empty line in a note is no attack."""
    runs = ("\n\n", "\n\n\n", "\u2581\u2581")
    mine = pieces((*TURNS, *runs), whole=False)
    assert len(mine.control_ids) == len(TURNS)
    for text in ("a\n\nb", "a  b", "\n\n\n\n"):
        assert mine.decode(mine.encode(text)) == text
    assert mine.control_texts == TURNS


def test_the_state_is_whole(  # the fingerprint is made of it
) -> None:
    added = json.loads(encoder("gemma3").state)["added_tokens"]
    assert {token["content"] for token in added} >= set(PUBLISHED["gemma3"])
