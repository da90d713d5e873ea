"""config.yaml and the files of lists it names."""

from collections.abc import Sequence

from ami_dialer.config.load import Examination
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, failed, not_checked, ok, warning
from ami_dialer.doctor.machine import Machine
from ami_dialer.journey.intake import IntakeError, columns_of

CONFIGURATION = "configuration"


def configuration(examined: Examination) -> list[Result]:
    """One result, or one for each problem and warning."""
    file = examined.document.file
    if examined.config is None:
        mend = "Mend the line; `ami-dialer check` reads the file alone."
        return [failed(str(problem), mend) for problem in examined.problems]
    warnings = [warning(str(hint), "Change the line, or leave it if it is meant so.") for hint in examined.warnings]
    return warnings or [ok(f"{file} is in order")]


async def _lists(machine: Machine) -> Sequence[Result]:
    if not machine.config.lists:
        return [not_checked("the configuration has no lists")]
    results = []
    for name, settings in machine.config.lists.items():
        if settings.file is None:
            source = "is fetched from an API" if settings.api else "is filled by hand"
            results.append(ok(source, subject=name))
            continue
        try:
            found = columns_of(name, settings, machine.config.mappings)
        except IntakeError as error:
            mend = (
                f"Mend the file, or lists.{name} in {machine.config_file}; the dialer's user must be able to read it."
            )
            results.append(failed(str(error).removeprefix(f"list {name!r}: "), mend, subject=name))
            continue
        fields = ", ".join(found) or "no other fields"
        results.append(ok(f"{settings.file} can be read: phone, {fields}", subject=name))
    return results


LISTS = Check("lists", _lists)
