"""Files that commands write whole, or not at all."""

import pytest

from ami_dialer.cli.whole_file import whole_file
from ami_dialer.domain.errors import DialerError

pytestmark = pytest.mark.unit


class TroubleError(DialerError):
    exit_code = 6


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "out.csv"
    file.write_text("before")
    return file


def test_it_is_there_when_all_of_it_is_written(file):
    with whole_file(file) as part:
        part.write_text("after")
        assert file.read_text() == "before"
    assert (file.read_text(), [*file.parent.iterdir()]) == ("after", [file])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_half_of_it_is_not_left_and_the_one_before_stays(file, error):
    def breaks_off():
        with whole_file(file) as part:
            part.write_text("aft")
            raise error

    with pytest.raises(error):
        breaks_off()
    assert (file.read_text(), [*file.parent.iterdir()]) == ("before", [file])


def test_what_cannot_be_written_is_told_with_its_name(file):
    wanted = file.parent / "gone" / "out.csv"
    why = r"gone/out\.csv cannot be written: No such file or directory; nothing was exported"
    with pytest.raises(TroubleError, match=why), whole_file(wanted, TroubleError) as part:
        part.write_text("after")
