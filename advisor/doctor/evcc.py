"""What `advisor doctor` checks of evcc: that it answers, knows the battery, and has the loadpoints that are named."""

from contextlib import closing

from advisor.doctor.finding import CheckResult, ok
from agent.settings import Settings
from energy.errors import AdvisorError
from energy.home import Home
from ingest.evcc.api import EvccApi
from ingest.evcc.bridge import missing_devices
from ingest.evcc.settings import EvccSettings
from ingest.evcc.state import EvccState


def check_evcc(settings: Settings, home: Home) -> list[CheckResult]:
    """Nothing where the settings name no evcc."""
    if settings.evcc is None:
        return []
    try:
        with closing(EvccApi(settings.evcc.url)) as evcc:
            state = evcc.state()
    except AdvisorError as err:
        return [CheckResult("evcc", "problem", str(err), "start evcc, or correct evcc.url")]
    lacking = [*_lacking(state), *_unknown(settings.evcc, state, home)]
    return lacking or [ok("evcc", f"{settings.evcc.url} answers, with {len(state.loadpoints)} loadpoints")]


def _lacking(state: EvccState) -> list[CheckResult]:
    """What a decision needs and evcc does not say."""
    needed = {"homePower": state.home_power, "pvPower": state.pv_power, "battery.soc": state.battery_soc}
    return [
        CheckResult("evcc", "problem", f"evcc says no {name}", "add the meter for it in evcc, or map a sensor instead")
        for name, value in needed.items()
        if value is None
    ]


def _unknown(settings: EvccSettings, state: EvccState, home: Home) -> list[CheckResult]:
    known = len(state.loadpoints)
    findings = [
        CheckResult(
            "evcc", "problem", f"evcc has {known} loadpoints, none is {number}", f"correct {name} in [evcc.loadpoints]"
        )
        for name, number in settings.loadpoints.items()
        if number > known
    ]
    findings += [
        CheckResult("evcc", "warning", f"{name!r} is no car or heat pump of home.toml", "list it there, or take it out")
        for name in missing_devices(settings, home)
    ]
    return findings
