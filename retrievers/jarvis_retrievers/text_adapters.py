"""Text encoders of other libraries as `TextEmbedder`; none of them is imported before it is used."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .adapted_embedder import AdaptedEmbedder
from .errors import ExtraError, SettingError

__all__ = ["from_langchain", "from_llama_index", "from_sentence_transformers"]

# A guess for encoders that nobody has measured: most give unrelated texts less and paraphrases more.
_THRESHOLD: Final = 0.5
_MODEL: Final = ("model_name", "model", "model_id", "repo_id", "deployment")


def from_sentence_transformers(
    model: Any, *, threshold: float = _THRESHOLD, device: str | None = None, name: str | None = None
) -> AdaptedEmbedder:
    """A model of the package sentence-transformers.

    Args:
        model: a loaded ``SentenceTransformer``, or the id or folder of one to load.
        threshold: least cosine of a question and a text that are about the same; measure it for your model.
        device: where a model that is loaded here runs.
        name: what people call it; by default the id, or the name of the class.

    Raises:
        ExtraError: the package is not installed. SettingError: no such model, or something else was given.
    """
    if isinstance(model, str):
        name, model = name or model, _loaded(model, device)
    _check(model, "sentence-transformers", "SentenceTransformer", ("encode", "state_dict"))

    def side(method: str) -> Any:
        # Since version 5 models know how to mark a question and a document.
        encode = getattr(model, method, model.encode)
        return lambda texts: encode(texts, convert_to_numpy=True, show_progress_bar=False)

    return AdaptedEmbedder(
        name or type(model).__name__,
        side("encode_document"),
        side("encode_query"),
        threshold=threshold,
        identity=f"sentence-transformers|{_weights(model)}",
    )


def from_langchain(
    embeddings: Any, *, threshold: float = _THRESHOLD, name: str | None = None
) -> AdaptedEmbedder:
    """Any LangChain ``Embeddings``.

    Args:
        embeddings: has ``embed_documents`` and ``embed_query``.
        threshold: least cosine of a question and a text that are about the same; measure it for your model.
        name: tells it from other encoders; by default its class and the name of its model. Give one where
            these do not tell: vectors are made again only if class, name or length change.

    Raises:
        SettingError: something else was given.
    """
    _check(embeddings, "LangChain", "Embeddings", ("embed_documents", "embed_query"))
    known = name or _named(embeddings)
    return AdaptedEmbedder(
        known,
        embeddings.embed_documents,
        lambda texts: [embeddings.embed_query(text) for text in texts],
        threshold=threshold,
        identity=f"langchain|{_class(embeddings)}|{known}",
    )


def from_llama_index(
    embedding: Any, *, threshold: float = _THRESHOLD, name: str | None = None
) -> AdaptedEmbedder:
    """Any LlamaIndex ``BaseEmbedding``.

    Args:
        embedding: has ``get_text_embedding_batch`` and ``get_query_embedding``.
        threshold: least cosine of a question and a text that are about the same; measure it for your model.
        name: as for `from_langchain`.

    Raises:
        SettingError: something else was given.
    """
    _check(embedding, "LlamaIndex", "BaseEmbedding", ("get_text_embedding_batch", "get_query_embedding"))
    known = name or _named(embedding)
    return AdaptedEmbedder(
        known,
        embedding.get_text_embedding_batch,
        lambda texts: [embedding.get_query_embedding(text) for text in texts],
        threshold=threshold,
        identity=f"llama-index|{_class(embedding)}|{known}",
    )


def _check(given: Any, library: str, kind: str, methods: Sequence[str]) -> None:
    missing = [method for method in methods if not callable(getattr(given, method, None))]
    if missing or isinstance(given, type):
        raise SettingError(
            f"a text encoder of {library} is an object of its class {kind}, got "
            f"{given.__name__ if isinstance(given, type) else type(given).__name__!r}"
            f"{' without ' + ' and '.join(missing) if missing else ', the class itself'}"
        )


def _class(given: Any) -> str:
    return f"{type(given).__module__}.{type(given).__qualname__}"


def _named(given: Any) -> str:
    """The class, and the model if the object says which."""
    models = [getattr(given, attribute, None) for attribute in _MODEL]
    # LlamaIndex says "unknown" where it was not told.
    model = next((one for one in models if isinstance(one, str) and one not in ("", "unknown")), None)
    return type(given).__name__ + (f":{model}" if model else "")


def _loaded(model: str, device: str | None) -> Any:
    try:
        library = importlib.import_module("sentence_transformers")
    except ImportError as error:
        raise ExtraError(
            f"sentence-transformers cannot be imported ({error}); run: pip install sentence-transformers"
        ) from error
    try:
        return library.SentenceTransformer(model, device=device)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SettingError(f"the text encoder {model!r} cannot be loaded: {reason}") from error


def _weights(model: Any) -> str:
    """SHA-256 (hex) over the weights, and what is put before texts."""
    found = hashlib.sha256(repr(sorted((getattr(model, "prompts", None) or {}).items())).encode())
    for name, tensor in sorted(model.state_dict().items()):
        data = np.ascontiguousarray(tensor.detach().float().cpu().numpy())
        found.update(f"{name}|{tensor.dtype}|{tuple(data.shape)}".encode())
        found.update(data.data)
    return found.hexdigest()
