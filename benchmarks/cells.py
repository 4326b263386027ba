"""All simulated worlds, by name."""

from broken import BROKEN
from bursts import BURSTS
from crowds import CROWDS
from group_pairs import GROUP_PAIRS
from means import MEANS
from pairs import PAIRS
from unseen import UNSEEN
from worlds import WORLDS

ALL = (*WORLDS, *CROWDS, *PAIRS, *GROUP_PAIRS, *BROKEN, *UNSEEN, *MEANS, *BURSTS)
BY_NAME = {world.name: world for world in ALL}
