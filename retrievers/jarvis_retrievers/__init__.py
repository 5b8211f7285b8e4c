"""Floor 1: encoders, patches, the vector index, and the question of who is meant.

Importing this package loads none of torch, faiss, open_clip or numpy; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adapted_embedder import AdaptedEmbedder as AdaptedEmbedder
    from .boxes import Box as Box
    from .boxes import nms as nms
    from .boxes import propose_boxes as propose_boxes
    from .cluster_snapshot import ClusterSnapshot as ClusterSnapshot
    from .clusters import ClusterPlan as ClusterPlan
    from .crops import crop as crop
    from .detected import RegionDetector as RegionDetector
    from .detected import detected_regions as detected_regions
    from .encoder import ImageTextEncoder as ImageTextEncoder
    from .faiss_index import FaissIndex as FaissIndex
    from .faiss_index import VectorSource as VectorSource
    from .frames import Frames as Frames
    from .frames import sample_frames as sample_frames
    from .grounded_masker import GroundedMasker as GroundedMasker
    from .grounded_masker import dino_detector as dino_detector
    from .image_formats import allow_format as allow_format
    from .images import encode_png as encode_png
    from .images import load_image as load_image
    from .images import pixel_digest as pixel_digest
    from .index import FlatIndex as FlatIndex
    from .index import RebuildableIndex as RebuildableIndex
    from .index import Rebuilt as Rebuilt
    from .index import VectorIndex as VectorIndex
    from .masker import SubjectMasker as SubjectMasker
    from .masker import WholePhoto as WholePhoto
    from .mining import MinerConfig as MinerConfig
    from .mining import Patch as Patch
    from .names import NameMatch as NameMatch
    from .names import match_names as match_names
    from .ngrams import NgramEmbedder as NgramEmbedder
    from .openclip import OpenCLIPEncoder as OpenCLIPEncoder
    from .patches import PatchMiner as PatchMiner
    from .reference import ColourEncoder as ColourEncoder
    from .region_cache import RegionCache as RegionCache
    from .retrieval import Entry as Entry
    from .retrieval import Hit as Hit
    from .retrieval import Retrieval as Retrieval
    from .retrieval import RetrieverConfig as RetrieverConfig
    from .retrieval import Sighting as Sighting
    from .retriever import ConceptRetriever as ConceptRetriever
    from .scorer import Candidate as Candidate
    from .scorer import PatchScorer as PatchScorer
    from .scorer import PromptScorer as PromptScorer
    from .snapshots import MemorySnapshots as MemorySnapshots
    from .snapshots import Snapshots as Snapshots
    from .text_adapters import from_langchain as from_langchain
    from .text_adapters import from_llama_index as from_llama_index
    from .text_adapters import from_sentence_transformers as from_sentence_transformers
    from .text_embedder import TextEmbedder as TextEmbedder
    from .text_index import TextIndex as TextIndex
    from .video import Still as Still
    from .video import Video as Video
    from .video import VideoLimits as VideoLimits
    from .video import read_video as read_video

_EXPORTS = {
    "AdaptedEmbedder": "adapted_embedder",
    "Box": "boxes",
    "Candidate": "scorer",
    "ClusterPlan": "clusters",
    "ClusterSnapshot": "cluster_snapshot",
    "ColourEncoder": "reference",
    "ConceptRetriever": "retriever",
    "Entry": "retrieval",
    "FaissIndex": "faiss_index",
    "FlatIndex": "index",
    "Frames": "frames",
    "GroundedMasker": "grounded_masker",
    "Hit": "retrieval",
    "ImageTextEncoder": "encoder",
    "MemorySnapshots": "snapshots",
    "MinerConfig": "mining",
    "NameMatch": "names",
    "NgramEmbedder": "ngrams",
    "OpenCLIPEncoder": "openclip",
    "Patch": "mining",
    "PatchMiner": "patches",
    "PatchScorer": "scorer",
    "PromptScorer": "scorer",
    "RebuildableIndex": "index",
    "Rebuilt": "index",
    "RegionCache": "region_cache",
    "RegionDetector": "detected",
    "Retrieval": "retrieval",
    "RetrieverConfig": "retrieval",
    "Sighting": "retrieval",
    "Snapshots": "snapshots",
    "Still": "video",
    "SubjectMasker": "masker",
    "TextEmbedder": "text_embedder",
    "TextIndex": "text_index",
    "VectorIndex": "index",
    "VectorSource": "faiss_index",
    "Video": "video",
    "VideoLimits": "video",
    "WholePhoto": "masker",
    "crop": "crops",
    "detected_regions": "detected",
    "dino_detector": "grounded_masker",
    "allow_format": "image_formats",
    "encode_png": "images",
    "from_langchain": "text_adapters",
    "from_llama_index": "text_adapters",
    "from_sentence_transformers": "text_adapters",
    "load_image": "images",
    "match_names": "names",
    "nms": "boxes",
    "pixel_digest": "images",
    "propose_boxes": "boxes",
    "read_video": "video",
    "sample_frames": "frames",
}

__all__ = [
    "AdaptedEmbedder",
    "Box",
    "Candidate",
    "ClusterPlan",
    "ClusterSnapshot",
    "ColourEncoder",
    "ConceptRetriever",
    "Entry",
    "FaissIndex",
    "FlatIndex",
    "Frames",
    "GroundedMasker",
    "Hit",
    "ImageTextEncoder",
    "MemorySnapshots",
    "MinerConfig",
    "NameMatch",
    "NgramEmbedder",
    "OpenCLIPEncoder",
    "Patch",
    "PatchMiner",
    "PatchScorer",
    "PromptScorer",
    "RebuildableIndex",
    "Rebuilt",
    "RegionCache",
    "RegionDetector",
    "Retrieval",
    "RetrieverConfig",
    "Sighting",
    "Snapshots",
    "Still",
    "SubjectMasker",
    "TextEmbedder",
    "TextIndex",
    "VectorIndex",
    "VectorSource",
    "Video",
    "VideoLimits",
    "WholePhoto",
    "allow_format",
    "crop",
    "detected_regions",
    "dino_detector",
    "encode_png",
    "from_langchain",
    "from_llama_index",
    "from_sentence_transformers",
    "load_image",
    "match_names",
    "nms",
    "pixel_digest",
    "propose_boxes",
    "read_video",
    "sample_frames",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
