"""Which process dies when: drawn from a seed, and the same for the same seed."""

import random
from dataclasses import dataclass

ROLES = ("gateway", "processor", "delivery", "management")
KEEPER = "keeper"
"""Only there where there are several gateways; then it dies as often as they do."""
SUPERVISOR = "supervisor"
TREE = "tree"
"""Every process at once, as when the machine goes down."""
STARTING = "starting"
"""Every process at once, and once more while the next start is under way."""

_KINDS = (*ROLES, "several", SUPERVISOR, TREE, STARTING)
_WEIGHTS = (4, 4, 7, 2, 4, 2, 3, 1)


@dataclass(frozen=True)
class Kill:
    """After `wait_seconds` under load the `victims` die.

    `follows`: it does not wait until something was acknowledged since the kill before. `which`: of several processes
    of one role, modulo their number. `again_seconds`: how long after its launch the next start is killed (STARTING).
    """

    victims: tuple[str, ...]
    follows: bool
    wait_seconds: float
    which: int
    again_seconds: float

    @property
    def kind(self) -> str:
        return self.victims[0] if len(self.victims) == 1 else "several"


def draw(seed: int, kills: int, *, longest_wait: float, keeper: bool = False) -> list[Kill]:
    chance = random.Random(seed)
    return [_kill(chance, longest_wait, (KEEPER,) if keeper else ()) for _ in range(kills)]


def _kill(chance: random.Random, longest_wait: float, more: tuple[str, ...]) -> Kill:
    (kind,) = chance.choices((*_KINDS, *more), (*_WEIGHTS, *(_WEIGHTS[0] for _ in more)))
    together = tuple(chance.sample((*ROLES, *more), chance.randint(2, 3)))
    return Kill(
        victims=together if kind == "several" else (kind,),
        follows=chance.random() < 0.25,
        wait_seconds=chance.uniform(0.0, longest_wait),
        which=chance.randrange(64),
        again_seconds=chance.uniform(0.0, 1.5),
    )
