"""What all homes of a fleet are like, a vector each, on a Chroma server; a home's own days are never in it."""

import logging
from typing import Any

import numpy as np

from energy.errors import TransportError
from energy.home import Home
from knowledge.days import Floats

_log = logging.getLogger(__name__)

# Vectors of another definition lie in another collection.
HOMES = "homes-1"
_ANSWERS_WITHIN_S = 3.0
# So many are looked at for some in the same zone: a filter of Chroma takes longer than the search.
_GLANCES = 8


class HomeIndex:
    """The server at `address`, HOST:PORT; where it fails it says so once, and homes are planned for without it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None
        self._homes: Any = None
        self._failed = False

    def check(self) -> None:
        """Look whether it answers.

        Raises:
            TransportError: it does not.
        """
        try:
            self._collection().count()
        except Exception as err:
            raise TransportError(
                f"no Chroma server at {self._address!r} ({err}): start one with chroma run, or leave --chroma out"
            ) from err

    def close(self) -> None:
        """Close its connections; the next question opens them again."""
        if self._client is not None:
            _session(self._client).close()
            self._client.close()
        self._client = self._homes = None

    def put(self, home: Home, vector: Floats) -> None:
        """Keep what a home is like, in the place of what it was like before."""
        values = [vector.astype(np.float32).tolist()]
        self._asked("upsert", ids=[home.name], embeddings=values, metadatas=[{"zone": home.zone}])

    def near(self, home: Home, vector: Floats, count: int) -> list[str]:
        """The homes most like this one in its own zone, nearest first; none where the server does not answer."""
        query = [vector.astype(np.float32).tolist()]
        found = self._asked("query", query_embeddings=query, n_results=_GLANCES * count, include=["metadatas"])
        if found is None:
            return []
        pairs = zip(found["ids"][0], found["metadatas"][0], strict=True)
        return [name for name, known in pairs if known["zone"] == home.zone and name != home.name][:count]

    def _asked(self, what: str, **given: object) -> Any:
        try:
            answer = getattr(self._collection(), what)(**given)
        except Exception as err:  # noqa: BLE001 (whatever is wrong with a server, homes are planned for without it)
            if not self._failed:
                _log.warning("the Chroma server at %s fails, homes are planned for without it: %s", self._address, err)
            self._failed = True
            self.close()
            return None
        self._failed = False
        return answer

    def _collection(self) -> Any:
        if self._homes is None:
            import chromadb  # noqa: PLC0415 (slow: only a fleet with a server needs it)
            from chromadb.config import Settings  # noqa: PLC0415 (as above)

            host, _, port = self._address.rpartition(":")
            client = self._client = chromadb.HttpClient(host, int(port), settings=Settings(anonymized_telemetry=False))
            _session(client).timeout = _ANSWERS_WITHIN_S
            self._homes = client.get_or_create_collection(HOMES, embedding_function=None)
        return self._homes


def _session(client: Any) -> Any:
    """What a client asks its server by: no option ends its waiting, and nothing closes it."""
    return client._server._session  # noqa: SLF001 (as said)
