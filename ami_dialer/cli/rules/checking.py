"""`ami-dialer rules check`: can the files be read, and what do they change?"""

from pathlib import Path

import click

from ami_dialer.cli.output import amount, json_option, load_config, print_json
from ami_dialer.cli.rules.comparing import changes_json, lines, summary
from ami_dialer.config.rulebook import examine, load
from ami_dialer.domain.rule_changes import changes


@click.command("check")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def check_command(config_file: Path, folder: Path | None, *, as_json: bool) -> None:
    """Check the rule files in FOLDER, or in the one that compliance.rules names, and tell what they change.

    Nothing is adopted. Ends with 0 when all is in order, and with 2 when something must be mended: with such files a
    dialer that starts goes on with the rules it adopted last.
    """
    if folder is None:
        folder = load_config(config_file).compliance.rules
    examined = examine(folder)
    found = None if examined.rulebook is None else changes(load(None).rules, examined.rulebook.rules)
    if as_json:
        print_json(
            {
                "ok": found is not None,
                "folder": None if folder is None else str(folder),
                "files": [str(file) for file in examined.files],
                "problems": [problem.as_dict() for problem in examined.problems],
                "against_packaged": None if found is None else changes_json(found),
            }
        )
    elif examined.rulebook is None or found is None:
        for problem in examined.problems:
            click.echo(str(problem), err=True)
        click.echo(f"{folder}: {amount(len(examined.problems), 'problem')} to mend", err=True)
    else:
        for line in lines(found):
            click.echo(line)
        whose = f"{amount(len(examined.files), 'file')} in {folder}" if folder else "the packaged files alone"
        places = len({rule.jurisdiction for rule in examined.rulebook.rules})
        held = f"{amount(len(examined.rulebook.rules), 'rule')} of {amount(places, 'jurisdiction')}"
        click.echo(f"{whose}: in order; {held}. Against the packaged rules: {summary(found)}")
    if found is None:
        raise SystemExit(2)
