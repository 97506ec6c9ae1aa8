"""What is asked over the network beside the loop, and where its answers go: prices and the PV forecast."""

from collections.abc import Callable
from datetime import datetime
from threading import Event

from agent.service.background import Background, Job
from agent.service.feed import Feed, Problems
from agent.service.prices import LivePrices
from energy.errors import AdvisorError
from ingest.prices.points import PricePoint
from transport.payloads import PvForecast

AskPrices = Callable[[datetime], list[PricePoint]]
AskPvForecast = Callable[[datetime], PvForecast | None]
# Prices are out once a day, weather models run every few hours.
_ASK_PRICES_S, _ASK_FORECAST_S = 300.0, 1800.0


class Fetched:
    """Asks in the background from `start` on; `take` gives what came to the prices and the feed."""

    def __init__(
        self,
        ask_prices: AskPrices | None,
        ask_pv_forecast: AskPvForecast | None,
        *,
        prices: LivePrices,
        feed: Feed,
        problems: Problems,
        stop: Event,
    ) -> None:
        self._prices, self._feed, self._problems = prices, feed, problems
        jobs = []
        if ask_prices is not None:
            jobs.append(Job("prices", _ASK_PRICES_S, ask_prices, self._take_prices))
        if ask_pv_forecast is not None:
            jobs.append(Job("pv_forecast", _ASK_FORECAST_S, ask_pv_forecast, self._take_pv_forecast))
        self._background = Background(jobs, stop)

    def start(self) -> None:
        """Begin to ask."""
        self._background.start()

    def take(self, now: datetime) -> None:
        """Take in what came; a problem is shown until the next good answer, and what was known stays."""
        for answered in self._background.answers():
            job, problem = answered.job, answered.problem
            if not problem:
                try:
                    job.take(answered.answer, now)
                except AdvisorError as err:
                    problem = str(err)
            if problem:
                self._problems.report(job.name, problem)

    def _take_prices(self, answer: object, now: datetime) -> None:
        self._prices.add(
            [one for one in answer if isinstance(one, PricePoint)] if isinstance(answer, list) else [], now
        )

    def _take_pv_forecast(self, answer: object, _now: datetime) -> None:
        if isinstance(answer, PvForecast):
            self._feed.take_pv_forecast(answer)
