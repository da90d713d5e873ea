"""The worked example of docs/list-api.md, as it stands there."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

DOCUMENT = (ROOT / "docs/list-api.md").read_text(encoding="utf-8")


def test_the_example_of_the_document_works_as_it_says(
    folder: Folder, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    crm = subprocess.Popen([sys.executable, ROOT / "docs/examples/crm.py", str(port)], stderr=subprocess.DEVNULL)
    try:
        example = re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)[0]
        file = Path(folder.config)
        lists = example.partition("lists:\n")[2].replace("8085", str(port))
        config = file.read_text().replace("lists:\n", f"lists:\n{lists}", 1).replace("[people]", "[sign-ups]")
        file.write_text(config + "fetching:\n  allow_hosts: [127.0.0.1]\n")
        monkeypatch.setenv("CRM_TOKEN", "let-me-in")
        for _ in range(100):
            validated = folder.invoke("list", "validate", "sign-ups")
            if "refused" not in validated.output and "Connect call failed" not in validated.output:
                break
            time.sleep(0.1)  # until the CRM listens
        shown = re.search(r"```\n(sign-ups: \S+ gives.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
        assert shown is not None
        for line in shown[1].replace("8085", str(port)).splitlines():
            assert line in validated.output or line == "  ..."
        fetched = folder.invoke("list", "fetch", "sign-ups").output
        assert fetched in DOCUMENT
        assert "fetched 250 contacts, the same as before" in folder.invoke("list", "fetch", "sign-ups").output
        assert len(folder.json("list", "fetches")) == 2
    finally:
        crm.terminate()
        crm.wait()
