"""A checkpointer whose checkpoints are bytes in one file: what a restart leaves of a graph."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.memory import InMemorySaver

KINDS = "msgpack"


class FileSaver(InMemorySaver):
    """Writes everything to its file after each change, and begins with what the file holds."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        # LangGraph saves from threads: an older state must not be written over a newer one.
        self.lock, self.file = threading.Lock(), file
        if file.exists():
            storage, writes, blobs = self.serde.loads_typed((KINDS, file.read_bytes()))
            for thread, space, found in storage:
                self.storage[thread][space].update({key: tuple(kept) for key, kept in found.items()})
            for key, rows in writes:
                self.writes[tuple(key)].update({tuple(inner): tuple(row) for inner, row in rows})
            self.blobs.update({tuple(key): tuple(kept) for key, kept in blobs})

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        with self.lock:
            kept = super().put(config, checkpoint, metadata, new_versions)
            self._write()
        return kept

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        with self.lock:
            super().put_writes(config, writes, task_id, task_path)
            self._write()

    def _write(self) -> None:
        storage = [(t, n, dict(found)) for t, spaces in self.storage.items() for n, found in spaces.items()]
        writes = [(key, list(rows.items())) for key, rows in self.writes.items()]
        kind, data = self.serde.dumps_typed((storage, writes, list(self.blobs.items())))
        assert kind == KINDS
        self.file.write_bytes(data)
