"""Fixtures of the agent's tests: an Ollama of their own, and the real embedded model."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.models import LoadedModel, ModelSettings, load_model


def _ollama_server() -> Any:
    """Test folders are no packages, so a module beside the tests is loaded from its file."""
    spec = importlib.util.spec_from_file_location("ollama_server", Path(__file__).with_name("ollama_server.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ollama_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ollama() -> Iterator[Any]:
    server = _ollama_server()
    with server.running(server.FakeOllama()) as fake:
        yield fake


@pytest.fixture(scope="session")
def embedded() -> Iterator[LoadedModel]:
    """The packaged model, started once."""
    model = load_model(ModelSettings(provider="embedded", timeout_s=100))
    assert model is not None
    yield model
    model.close()
