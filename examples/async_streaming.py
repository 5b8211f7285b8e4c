"""An answer as it is written, while another question is answered beside it. It prints

Li | ki | likes | noodles | .
Liki was born in May.
"""

import asyncio
import tempfile

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder

photos = household_folder() / "photos"


async def main():
    with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
        await memory.aremember("Liki", [photos / "liki-1.png"], "Liki likes noodles. Liki was born in May.")
        beside = asyncio.create_task(memory.aask("When was Liki born?"))
        print(*[piece.strip() async for piece in memory.astream("What does Liki like?")], sep=" | ")
        print(await beside)


asyncio.run(main())
