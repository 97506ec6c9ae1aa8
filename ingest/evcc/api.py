"""The door to evcc's HTTP API; paths and answers as its public OpenAPI description has them."""

from typing import Literal

import httpx

from energy.errors import TransportError
from ingest.evcc.state import EvccState, read_state

EvccBatteryMode = Literal["normal", "hold", "charge"]
_TIMEOUT_S = 5.0
_LONGEST = 4 * 1024 * 1024


class EvccApi:
    """One evcc."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(base_url=f"{url}/api", timeout=_TIMEOUT_S, trust_env=False)

    def close(self) -> None:
        """Let its connection go."""
        self._http.close()

    def state(self) -> EvccState:
        """Everything that it shows.

        Raises:
            TransportError: it cannot be reached or refuses.
            DataError: what it says is no state.
        """
        body = self._ask("GET", "/state")
        return read_state(body[:_LONGEST])

    def set_battery_mode(self, mode: EvccBatteryMode) -> None:
        """Command all batteries; evcc forgets it after a minute without a repetition."""
        self._ask("POST", f"/batterymode/{mode}")

    def release_battery(self) -> None:
        """Let evcc command the batteries by its own rules again."""
        self._ask("DELETE", "/batterymode")

    def set_mode(self, loadpoint: int, mode: str) -> None:
        """How a loadpoint charges."""
        self._ask("POST", f"/loadpoints/{loadpoint}/mode/{mode}")

    def set_max_current(self, loadpoint: int, current_a: float) -> None:
        """The most that a loadpoint may take per phase."""
        self._ask("POST", f"/loadpoints/{loadpoint}/maxcurrent/{current_a:g}")

    def _ask(self, method: str, path: str) -> bytes:
        try:
            answer = self._http.request(method, path)
        except httpx.HTTPError as err:
            raise TransportError(f"no evcc at {self._url!r} ({type(err).__name__}): check evcc.url") from err
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise TransportError(f"evcc at {self._url!r} wants a password for {path!r}: allow it in its settings")
        if answer.is_error or answer.is_redirect:
            reason = answer.text[:120].strip()
            raise TransportError(f"evcc at {self._url!r} refuses {path!r} ({answer.status_code}): {reason!r}")
        return answer.content
