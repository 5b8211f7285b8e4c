"""Onboards in a process of its own as often as it is told to; whoever tells it may kill that process.

python -m tests.scale.onboarder SOURCE HOME [BLOBS]

For each line of input: the process id, a line of JSON for each outcome, and ``over``. Models are loaded once.
"""

from __future__ import annotations

import os
import sys

import torch

from jarvis_memory import VLM
from jarvis_plugins.onboarding import Job, Worker, onboard_plain, open_source
from jarvis_retrievers.openclip import OpenCLIPEncoder


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(source: str, home: str, blobs: str | None = None) -> None:
    # A process that has no threads can be forked.
    torch.set_num_threads(1)
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    for _ in sys.stdin:
        process = os.fork()
        if not process:
            worker = Worker(Job(home, blobs, together=4), vlm, encoder)
            for outcome in onboard_plain(open_source(source), worker.job, worker):
                say(outcome.to_json())
            worker.close()
            os._exit(0)
        say(str(process))
        os.waitpid(process, 0)
        say("over")


if __name__ == "__main__":
    main(*sys.argv[1:])
