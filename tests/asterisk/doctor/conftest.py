"""The lab of the process, with users and trunks in its PBX that lack something."""

from pathlib import Path

import pytest

from tests.asterisk.doctor.ward import TRUNKS, USERS, Ward
from tests.asterisk.world import World


@pytest.fixture(scope="session")
def ill_lab(lab_of_process: World) -> World:
    """The same lab for every test: what is added leaves the good users and trunks alone."""
    etc = lab_of_process.pbx.home / "etc"
    users = "".join(
        f"\n[{name}]\nsecret = {lab_of_process.secret}\n{lines}\ndisplayconnects = no\n"
        for name, lines in USERS.items()
    )
    with (etc / "manager.conf").open("a", encoding="utf-8") as file:
        file.write(users)
    with (etc / "pjsip.conf").open("a", encoding="utf-8") as file:
        file.write(TRUNKS.replace("@DEAD@", str(lab_of_process.ports.ami + 495)))
    lab_of_process.pbx.console("manager reload")
    lab_of_process.pbx.console("module reload res_pjsip.so")
    lab_of_process.pbx.console("module reload res_pjsip_outbound_registration.so")
    return lab_of_process


@pytest.fixture
def ward(ill_lab: World, world: World, tmp_path: Path) -> Ward:
    return Ward(world, tmp_path)
