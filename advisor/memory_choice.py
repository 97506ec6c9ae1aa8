"""Which memory and home a command uses: those on the command line, else those of the settings, else the usual ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from agent.language.kinds.names import OWN_WEIGHTS

if TYPE_CHECKING:
    from ingest.prices.settings import PriceSettings

SETTINGS = Path("advisor.toml")
USUAL_MEMORY = Path(".advisor/memory")
# The options of the commands that use it.
MemoryDir = Annotated[
    Path | None, typer.Option("--memory", help="Folder of the advisor's memory; that of advisor.toml by default.")
]
HomeName = Annotated[str | None, typer.Option("--home", help="Name of the home; the only one known by default.")]


class ChosenMemory(NamedTuple):
    """A memory's folder, and the name of the home in it where that is said."""

    folder: Path
    home: str | None


def chosen_memory(memory: Path | None, home: str | None, config: Path = SETTINGS) -> ChosenMemory:
    """The folder and the home given; where there is a settings file, what is not given is taken from it.

    Raises:
        SettingsError: the settings file or the home's file is wrong.
    """
    chosen = _chosen(memory, home, config)
    if (own := chosen.folder / OWN_WEIGHTS).exists():
        from agent.language.kinds.learned import read_by_own  # noqa: PLC0415 (only who has tuned pays for it)

        read_by_own(own)
    return chosen


def memory_folder(memory: Path | None, config: Path = SETTINGS) -> Path:
    """The folder given, else that of the settings, else the usual one.

    Raises:
        SettingsError: the settings file is wrong.
    """
    if memory is not None or not config.exists():
        return memory or USUAL_MEMORY
    from agent.settings import load_settings  # noqa: PLC0415 (only who has a settings file pays for reading it)

    return load_settings(config).memory_dir


def price_settings(memory: Path, config: Path = SETTINGS) -> "PriceSettings":
    """Section `[prices]` of the settings file whose memory it is; without a source where there is no such file."""
    from ingest.prices.settings import PriceSettings  # noqa: PLC0415 (only who bills pays for it)

    if not config.exists():
        return PriceSettings()
    from agent.settings import load_settings  # noqa: PLC0415 (only who has a settings file pays for reading it)

    settings = load_settings(config)
    return settings.prices if settings.memory_dir.resolve() == memory.resolve() else PriceSettings()


def _chosen(memory: Path | None, home: str | None, config: Path) -> ChosenMemory:
    if memory is not None or not config.exists():
        return ChosenMemory(memory or USUAL_MEMORY, home)
    from agent.settings import load_settings  # noqa: PLC0415 (only who has a settings file pays for reading it)
    from ingest.home_file import load_home  # noqa: PLC0415 (as above)

    settings = load_settings(config)
    return ChosenMemory(settings.memory_dir, home or load_home(settings.home_file).name)
