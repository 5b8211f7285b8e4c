"""Answers that follow a schema, parsed."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.base import OutputParserLike
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

from jarvis_retrievers.errors import SettingError

__all__ = ["structured"]

_METHODS = ("json_schema", "json_mode", "function_calling")


def structured(
    model: BaseChatModel, schema: Mapping[str, Any] | type, *, include_raw: bool, options: Mapping[str, Any]
) -> Runnable[LanguageModelInput, Any]:
    """A model whose answers follow a schema; see `ChatJarvis.with_structured_output`.

    Raises:
        SettingError: an option or a way that is not known, or what is no schema.
    """
    unknown = sorted(set(options) - {"method", "strict", "tools"})
    method = options.get("method", "json_schema")
    if unknown or method not in _METHODS:
        wrong = f"there is no option {unknown[0]!r}" if unknown else f"there is no method {method!r}"
        raise SettingError(f"{wrong}; leave it out: answers always follow the schema token by token")
    try:
        wanted = convert_to_json_schema(schema)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"a pydantic class, a TypedDict or a JSON schema with a title is wanted: {error}"
        ) from error
    name = str(wanted.get("title", "answer"))
    wire = {"type": "json_schema", "json_schema": {"name": name, "schema": wanted}}
    bound = model.bind(
        response_format=wire,
        ls_structured_output_format={"kwargs": {"method": "json_schema"}, "schema": wanted},
    )
    parser: OutputParserLike[Any]
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        parser = PydanticOutputParser(pydantic_object=schema)
    else:
        parser = JsonOutputParser()
    if not include_raw:
        return bound | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | parsed.with_fallbacks([failed], exception_key="parsing_error")
