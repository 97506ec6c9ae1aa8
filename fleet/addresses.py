"""Topics of a fleet, `fleet/<shard>/<home>/…`, and the register of which home lives in which shard."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from energy.errors import SettingsError
from energy.home import HOME_NAME, Home

ROOT = "fleet"
SHARD_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,15}$")
COMMAND = "battery/command"


def one_shard(name: str) -> str:
    """The name of a shard, as given.

    Raises:
        SettingsError: it is no name of a shard.
    """
    if SHARD_NAME.fullmatch(name) is None:
        raise SettingsError(
            f"shard {name!r} is no name of a shard: use lower-case letters, digits and hyphens, 16 at most, as in s0"
        )
    return name


def shard_names(text: str) -> list[str]:
    """Names of shards with commas between them, each once.

    Raises:
        SettingsError: one is no name of a shard.
    """
    return [*dict.fromkeys(one_shard(name.strip()) for name in text.split(","))]


@dataclass(frozen=True, slots=True)
class HomeTopic:
    """A topic of one home: `name` is what follows, as at home (`house/load_power`)."""

    shard: str
    home: str
    name: str

    @classmethod
    def parse(cls, topic: str) -> Self | None:
        """Read a topic; None if it is no home's."""
        root, shard, home, name = (*topic.split("/", 3), "", "", "")[:4]
        sound = root == ROOT and SHARD_NAME.fullmatch(shard) and HOME_NAME.fullmatch(home) and name
        return cls(shard, home, name) if sound else None

    def __str__(self) -> str:
        return f"{ROOT}/{self.shard}/{self.home}/{self.name}"


class FleetHome(BaseModel):
    """A home of the fleet: its facts, the one shard that it belongs to, and whether it may be commanded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard: str = Field(pattern=SHARD_NAME)
    home: Home
    act: bool = False


# The homes by name, as the register has them; those of the given names are looked up at once if they are new.
Homes = Callable[[AbstractSet[str]], Mapping[str, FleetHome]]
