from collections.abc import Iterator
from pathlib import Path

import pytest

from store.embedded import Cluster
from tests.store.embedded.clusters import folder, running


@pytest.fixture
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """As a house runs it. Tests that share it leave it running and as it was."""
    with folder() as made:
        cluster = Cluster(made / "postgres")
        cluster.start()
        yield cluster
        cluster.stop()


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The folder of a cluster that nobody runs. Tests that share it leave it so."""
    with folder() as made:
        with running(made / "postgres"):
            pass
        yield made / "postgres"
