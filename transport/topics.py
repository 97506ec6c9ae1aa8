"""Every MQTT topic, in one place. States are retained; commands and go-aheads are not."""

from dataclasses import dataclass

ROOT = "energy_advisor"


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of one home."""

    home: str

    def _under(self, *parts: str) -> str:
        return "/".join((ROOT, self.home, *parts))

    def sensor(self, name: str) -> str:
        """State of one sensor of the house."""
        return self._under("house", name)

    @property
    def sensors(self) -> str:
        """Wildcard over all states of the house."""
        return self._under("house", "+")

    @property
    def house_status(self) -> str:
        """`online` or `offline`, by last will."""
        return self._under("house", "status")

    @property
    def clock(self) -> str:
        """Time of a simulated house, so that nothing depends on wall time."""
        return self._under("house", "clock")

    @property
    def proceed(self) -> str:
        """Go-ahead that a simulated house may wait for at the start of a slot; not retained."""
        return self._under("house", "proceed", "set")

    @property
    def command(self) -> str:
        """Where battery commands go; not retained."""
        return self._under("battery", "command")

    def battery_command(self, name: str) -> str:
        """Where commands to one of several batteries go; not retained."""
        return self._under("battery", name, "command")

    @property
    def command_state(self) -> str:
        """What the house made of the last command."""
        return self._under("battery", "command_state")

    @property
    def battery_commands(self) -> str:
        """Wildcard over the commands to each of several batteries."""
        return self._under("battery", "+", "command")

    def battery_named(self, topic: str) -> str | None:
        """Which of several batteries a topic is of; None if it is of none."""
        name, _, what = topic.removeprefix(self._under("battery", "")).partition("/")
        return name if topic.startswith(self._under("battery", "")) and what else None

    def battery_command_state(self, name: str) -> str:
        """What one of several batteries made of the last command."""
        return self._under("battery", name, "command_state")

    def battery_shown(self, name: str) -> str:
        """What the entities of one of several batteries show; not retained."""
        return self._under("battery", name, "shown")

    def device_command(self, device: str) -> str:
        """Where commands to a device go, or to the grid connection as `grid`; not retained."""
        return self._under("device", device, "command")

    def device_command_state(self, device: str) -> str:
        """What a device made of its last command."""
        return self._under("device", device, "command_state")

    def device_state(self, device: str) -> str:
        """What a device does and needs."""
        return self._under("device", device, "state")

    @property
    def devices(self) -> str:
        """What the topics of all devices begin with."""
        return self._under("device", "")

    @property
    def device_commands(self) -> str:
        """Wildcard over the commands to all devices."""
        return self._under("device", "+", "command")

    @property
    def device_states(self) -> str:
        """Wildcard over the states of all devices."""
        return self._under("device", "+", "state")

    @property
    def device_command_states(self) -> str:
        """Wildcard over what all devices made of their commands."""
        return self._under("device", "+", "command_state")

    @property
    def shown(self) -> str:
        """What the inverter's entities show, after a command and after every change; not retained."""
        return self._under("battery", "shown")

    @property
    def advisor_status(self) -> str:
        """`online` or `offline`, by last will."""
        return self._under("advisor", "status")

    @property
    def advisor_claim(self) -> str:
        """Which advisor decides for this home, with a heartbeat."""
        return self._under("advisor", "claim")

    @property
    def decision(self) -> str:
        """The last decision with its reason."""
        return self._under("advisor", "decision")

    @property
    def batteries(self) -> str:
        """The command of each of several batteries, and whether it shows it."""
        return self._under("advisor", "batteries")

    @property
    def health(self) -> str:
        """Whether the advisor decides, and if not, why."""
        return self._under("advisor", "health")

    @property
    def plan(self) -> str:
        """The plan ahead, slot by slot."""
        return self._under("advisor", "plan")

    @property
    def plan_picture(self) -> str:
        """The plan ahead as a drawing (SVG)."""
        return self._under("advisor", "plan", "picture")

    @property
    def bill(self) -> str:
        """What today and this month cost so far and are expected to, beside plain self-consumption."""
        return self._under("advisor", "bill")

    @property
    def note(self) -> str:
        """The note that was typed last: how it was understood, and whether it is kept."""
        return self._under("advisor", "note")

    def control(self, name: str) -> str:
        """How one of the household's controls stands."""
        return self._under("advisor", "control", name)

    def control_set(self, name: str) -> str:
        """Where a control is turned; not retained. `+` stands for all."""
        return self._under("advisor", "control", name, "set")

    def control_named(self, topic: str) -> str | None:
        """The control that a topic turns; None if it turns none."""
        prefix, suffix = self._under("advisor", "control", ""), "/set"
        if not (topic.startswith(prefix) and topic.endswith(suffix)):
            return None
        return topic.removeprefix(prefix).removesuffix(suffix)
