"""Topics of a fleet, `fleet/<shard>/<home>/…`, and the register of which home lives in which shard."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from energy.home import HOME_NAME, Home

ROOT = "fleet"
SHARD_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,15}$")
COMMAND = "battery/command"


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
