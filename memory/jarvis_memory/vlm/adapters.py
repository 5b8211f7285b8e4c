"""Adapters of a model, such as LoRA, as they work now."""

from __future__ import annotations

from typing import Any

__all__ = ["adapters"]

_OF_A_LAYER = ("active_adapters", "disable_adapters", "merged_adapters", "scaling", "use_dora")


# Where it was read from, and by which version, does not matter.
_ASIDE = ("base_model_name_or_path", "auto_mapping", "peft_version")


def adapters(model: Any) -> dict[str, Any]:
    """What of peft's adapters the weights do not say: which are active in each layer, and how strong.

    The same tensors compute something else with another ``lora_alpha``, or when an adapter is switched off.
    """
    told = getattr(model, "peft_config", None)
    configs = told if isinstance(told, dict) else {}
    layers = {
        name: {word: getattr(module, word, None) for word in _OF_A_LAYER}
        for name, module in model.named_modules()
        if hasattr(module, "active_adapters") and hasattr(module, "scaling")
    }
    return {"configs": {str(name): _settings(config) for name, config in configs.items()}, "layers": layers}


def _settings(config: Any) -> dict[str, Any]:
    """What a config of peft says."""
    found = dict(config.to_dict()) if hasattr(config, "to_dict") else dict(vars(config))
    return {word: value for word, value in found.items() if word not in _ASIDE}
