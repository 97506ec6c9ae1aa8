"""What the home is and what its household has asked for, as the newest decision knew both."""

from agent.decision.constraint_words import describe
from agent.queries.finding import Fact, Facts, Finding, unknown
from agent.queries.sources import Sources


def about_home(sources: Sources) -> Finding:
    """Battery, panels and what the household allows."""
    home, battery = sources.home, sources.home.battery
    facts: dict[str, Fact] = {"pv_kw": home.pv_peak_kw, "capacity_kwh": battery.capacity_kwh}
    if battery.capacity_kwh:
        facts |= {
            "usable_kwh": battery.usable_kwh,
            "least_percent": battery.min_soc * 100,
            "most_percent": battery.max_soc * 100,
            "charge_kw": battery.max_charge_kw,
            "discharge_kw": battery.max_discharge_kw,
        }
    facts["grid_charging"] = "yes" if home.grid.allow_grid_charging else "no"
    facts["battery_export"] = "yes" if home.grid.allow_battery_export else "no"
    return Finding("status", "status.home", facts)


def wishes(sources: Sources) -> Finding:
    """The household's notes that were in force at the newest decision."""
    decision = sources.decision()
    if decision is None:
        return unknown("notes", "no_decision")
    rows: list[Facts] = [
        {"wish_en": describe(one, sources.home.tz, "en"), "wish_es": describe(one, sources.home.tz, "es")}
        for one in decision.asked
    ]
    facts: dict[str, Fact] = {"at": decision.at, "count": len(rows)}
    form = "notes.in_force" if rows else "notes.none"
    return Finding("notes", form, facts, tuple(rows), decisions=(decision.decision_id,))
