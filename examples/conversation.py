"""A conversation: a pronoun, a question back, a question about many, something learned. It prints

> What does Liki like?            answer    Liki likes noodles.
> When was she born?              answer    Liki was born in May.
> Where does my cat sleep?        ask_back  Whom do you mean by “my cat”: Liki or Nori?
> Nori                            answer    Nori sleeps on the rug.
> Which of my pets likes rice?    answer    Zifa likes rice.
> This is Bo. Bo likes plums.     confirm   I would remember Bo, with this photo. Bo likes plums. Shall I?
> yes                             learned   I will remember Bo.
> What does Bo like?              answer    Bo likes plums.
"""

import random
import tempfile

from jarvis_agents.conversation import Conversation, ConversationState
from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder
from jarvis_pocket import scene, world
from jarvis_pocket.household import load_household

photo = scene.draw_photo(random.Random(1), world.draw_look(random.Random(2), "heldout")).image
texts = ("What does Liki like?", "When was she born?", "Where does my cat sleep?", "Nori")
texts += ("Which of my pets likes rice?", "This is Bo. Bo likes plums.", "yes", "What does Bo like?")
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    for concept in load_household(household_folder()).concepts:
        memory.remember(concept.name, concept.photos, concept.about)
    talk, state = Conversation(memory), ConversationState()
    for text in texts:
        said = talk.say(state, text, [photo] if text.startswith("This is") else [])
        print(f"> {text:30}  {said.kind:9} {said.text}")
        state = said.state
