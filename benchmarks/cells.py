"""All simulated worlds, by name."""

from broken import BROKEN
from crowds import CROWDS
from pairs import PAIRS
from unseen import UNSEEN
from worlds import WORLDS

ALL = (*WORLDS, *CROWDS, *PAIRS, *BROKEN, *UNSEEN)
BY_NAME = {world.name: world for world in ALL}
