"""Learning from a running Home Assistant: the days that memory lacks, out of its long-term statistics."""

from datetime import UTC, date, datetime

from agent.settings import Settings
from energy.home import Home
from ingest.history.table import History
from ingest.homeassistant.client import HomeAssistant
from ingest.homeassistant.energy_prefs import read_preferences
from ingest.homeassistant.statistics import Sources, new_days, read_statistics
from knowledge.store import DayStore


def sources_of(assistant: HomeAssistant, settings: Settings) -> Sources:
    """Which statistics measure what: as the settings say, else as the energy dashboard was told."""
    return settings.homeassistant.statistics or read_preferences(assistant.energy_preferences()).statistics()


def read_days(settings: Settings, home: Home, *, since: date | None = None) -> History:
    """The days that memory lacks, or all from `since` on, out of the Home Assistant that the settings name."""
    now = datetime.now(UTC)
    with HomeAssistant(settings.homeassistant.address()) as assistant:
        sources = sources_of(assistant, settings)
        if since is not None:
            return read_statistics(assistant, home, sources, since=since, now=now)
        stored = DayStore(settings.memory_dir / "days").days(home.name)
        return new_days(assistant, home, sources, stored=stored, now=now)
