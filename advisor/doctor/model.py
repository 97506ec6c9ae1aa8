"""What `advisor doctor` checks of the language model: that it is there, and that it answers in time."""

import math

from advisor.doctor.finding import CheckResult, ok
from agent.llm.models import LoadedModel, describe_failure, load_model
from agent.llm.ollama_catalogue import shelf
from agent.llm.review import NoChoice
from agent.llm.trial_review import TrialReview, try_review
from agent.settings import Settings
from energy.errors import ModelError

# Longer than any service should wait: the doctor says how long it takes.
_PATIENCE_S = 300.0


def check_model(settings: Settings) -> CheckResult:
    """Whether the model that the settings name answers, and in time: one whole review is made and timed."""
    if settings.model.provider == "none":
        return CheckResult("model", "note", "no language model, by settings: the planner decides alone", "")
    try:
        model = load_model(settings.model.model_copy(update={"timeout_s": _PATIENCE_S}))
    except ModelError as err:
        return CheckResult("model", "problem", str(err), "correct [model] in the settings, or set provider = 'auto'")
    if model is None:
        return CheckResult(
            "model", "warning", "no language model is available: the planner decides alone", "start Ollama with a model"
        )
    try:
        return _timed(model, try_review(model, _PATIENCE_S), settings)
    except Exception as err:  # noqa: BLE001 (whatever a client library raises is a finding)
        why = describe_failure(err, model.label)[1]
        return CheckResult("model", "problem", f"it could not be loaded: {why}", "see the log of the model's server")
    finally:
        model.close()


def _timed(model: LoadedModel, tried: TrialReview, settings: Settings) -> CheckResult:
    deadline_s = settings.service.review_deadline_s
    if isinstance(tried.answer, NoChoice) and tried.answer.kind != "late":
        return CheckResult("model", "warning", f"no usable answer: {tried.answer.why}", "take a larger model, or none")
    took = f"a review takes {tried.review_s:.0f} s of the {deadline_s:g} s that it may"
    if not tried.fits(deadline_s):
        enough_s = math.ceil(tried.review_s * 1.5)
        return CheckResult(
            "model",
            "warning",
            f"{model.label}: {took}: its answers would come too late and the planner decides",
            f"set service.review_deadline_s = {enough_s}, or {_smaller(model, tried, settings)}",
        )
    if model.provider == "embedded":
        return CheckResult(
            "model", "note", f"{model.label}: small, it shows the machinery; {took}", "Ollama with a larger one"
        )
    loads = f"loads in {tried.load_s:.0f} s, " if model.provider == "ollama" else ""
    return ok("model", f"{model.label}: {loads}{took}")


def _smaller(model: LoadedModel, tried: TrialReview, settings: Settings) -> str:
    """How large a model would answer in time here, where Ollama says how large this one is."""
    name = model.label.partition("/")[2]
    try:
        known = shelf(settings.model.base_url) if model.provider == "ollama" else []
    except ModelError:
        known = []
    size_gb = next((one.size_gb for one in known if one.name in {name, f"{name}:latest"}), None)
    if size_gb is None:
        return "take a smaller model"
    fits_gb = tried.size_that_fits(size_gb, settings.service.review_deadline_s)
    names = [one.name for one in known if one.fits and one.size_gb <= fits_gb]
    return f"take a model of at most {fits_gb:.1f} GB" + (f", such as {names[-1]}" if names else "")
