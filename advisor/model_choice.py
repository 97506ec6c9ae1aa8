"""Which model a command uses: what the settings file says, unless the command line names another."""

from pathlib import Path

from pydantic import ValidationError

from agent.llm.models import ModelSettings
from agent.settings import load_settings
from energy.errors import SettingsError


def chosen_model(config: Path | None, model: str) -> ModelSettings:
    """`[model]` of the settings file where there is one, with the provider and the name that the command line gives.

    `auto` leaves the settings as they are. A name and an address of the settings stay with the provider they are for.

    Raises:
        SettingsError: the file is wrong, or there is no such provider.
    """
    known = load_settings(config).model if config is not None and config.exists() else ModelSettings()
    provider, _, name = model.partition("/")
    if provider == "auto" and not name:
        return known
    kept = known if known.provider in ("auto", provider) else ModelSettings()
    given = {"provider": provider} | ({"name": name} if name else {})
    try:
        return ModelSettings.model_validate(kept.model_dump() | given)
    except ValidationError as err:
        raise SettingsError(f"model {model!r} is not known: use auto, ollama, ollama/NAME, embedded or none") from err
