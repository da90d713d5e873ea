"""Caller ids that are allowed but probably not meant: warnings, each with its path."""

from collections.abc import Iterator

from ami_dialer.config.problems import Path
from ami_dialer.config.schema import Config
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.domain.region import region_of


def caller_id_advice(config: Config) -> Iterator[tuple[Path, str]]:
    """Numbers that nobody can have, and numbers of countries that are not called."""
    for name, pool in config.caller_ids.items():
        users = [campaign for campaign in config.campaigns.values() if campaign.caller_ids == name]
        called = {config.lists[used].region for campaign in users for used in campaign.lists if used in config.lists}
        for place, one in enumerate(pool.numbers):
            at: Path = ("caller_ids", name, "numbers", place)
            try:
                normalise(one.number, "")
            except NotANumberError as error:
                yield at, f"{error}; whoever is called cannot call it back"
                continue
            country = region_of(one.number).country
            if called and country and country not in called:
                yield (
                    at,
                    f"{one.number} is a number of {country}, and the lists of its campaigns are of "
                    f"{', '.join(sorted(called))}; it is chosen only where no other may be",
                )
