"""Each test process has one lab; each test finds it without a channel and must leave it so."""

import time
from collections.abc import Iterator

import pytest

from tests.asterisk.world import World, running_world


@pytest.fixture(scope="session")
def lab_of_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("lab")) as world:
        yield world


@pytest.fixture
def world(lab_of_process: World) -> Iterator[World]:
    lab_of_process.hang_up_all()
    yield lab_of_process
    deadline = time.monotonic() + 10
    while left := lab_of_process.channels():
        if time.monotonic() > deadline:
            lab_of_process.hang_up_all()
            pytest.fail(f"the test left channels behind: {left}")
        time.sleep(0.05)
