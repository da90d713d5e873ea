"""Everything of a lab that is a file: configuration filled in, secret, sounds, scripts."""

import importlib.util
import re
import secrets
import shutil
from pathlib import Path

from ami_dialer.domain.errors import AsteriskError

from . import sounds
from .behaviours import numbers_conf
from .programs import Asterisk
from .settings import LabSettings

INSTANCES = ("world", "pbx")
_TEMPLATES = Path(__file__).parent / "templates"
_CHECKOUT = Path(__file__).parents[2]
#: asterisk.conf of each instance names these.
_FOLDERS = ("etc", "var", "data", "agi-bin", "spool", "run", "log")
_LOG = "notice,warning,error"


def write(settings: LabSettings, asterisk: Asterisk) -> None:
    """Write all files of the lab; a secret that is there is kept."""
    for name in INSTANCES:
        for part in _FOLDERS:
            (settings.home / name / part).mkdir(parents=True, exist_ok=True)
        (settings.home / name / "var" / "keys").mkdir(exist_ok=True)
        _link_data(settings.home / name / "data", asterisk)
        _fill_templates(settings, name)
    settings.socket_directory.mkdir(exist_ok=True)
    for folder in settings.shared:
        folder.mkdir(parents=True, exist_ok=True)
    _world(settings)
    _pbx(settings)
    settings.save()


def _values(settings: LabSettings, name: str) -> dict[str, object]:
    ports = settings.ports
    first, last = ports.pbx_rtp if name == "pbx" else ports.world_rtp
    return {
        "HOME": settings.home / name,
        "AMI": ports.ami,
        "PBX_SIP": ports.pbx_sip,
        "WORLD_SIP": ports.world_sip,
        "SIPP": ports.sipp,
        "RTP_FIRST": first,
        "RTP_LAST": last,
        "SEED": settings.seed,
        "SECRET": _secret(settings.secret_file),
        "SOUNDS": settings.home / "world" / "sounds",
        "VERBOSE": 3 if settings.verbose else 0,
        "LOG_LEVELS": f"{_LOG},verbose,dtmf" if settings.verbose else _LOG,
    }


def _fill_templates(settings: LabSettings, name: str) -> None:
    values = _values(settings, name)
    for template in (*(_TEMPLATES / "both").glob("*.conf"), *(_TEMPLATES / name).glob("*.conf")):
        text = template.read_text(encoding="utf-8")
        filled = re.sub(r"@([A-Z_]+)@", lambda m: str(values[m[1]]), text)
        written = settings.home / name / "etc" / template.name
        written.touch(mode=0o600)
        written.write_text(filled, encoding="utf-8")


def _link_data(data: Path, asterisk: Asterisk) -> None:
    """Make `astdatadir` a folder of links to the package's own, with room for sounds of ours."""
    (data / "sounds").mkdir(exist_ok=True)
    for source, target in ((asterisk.data, data), (asterisk.sounds, data / "sounds")):
        for entry in asterisk.on_host(source).iterdir():
            link = target / entry.name
            if entry.name != "sounds" and not link.is_symlink() and not link.exists():
                link.symlink_to(source / entry.name)


def _world(settings: LabSettings) -> None:
    world = settings.home / "world"
    (world / "etc" / "numbers.conf").write_text("\n".join(numbers_conf()) + "\n", encoding="utf-8")
    sounds.make(sounds.WORLD, world / "sounds")


def _pbx(settings: LabSettings) -> None:
    pbx = settings.home / "pbx"
    sounds.make(sounds.PBX, pbx / "data" / "sounds" / "ami-dialer")
    ours = pbx / "etc" / "ami-dialer"
    ours.mkdir(exist_ok=True)
    source = _CHECKOUT / "asterisk_conf"
    if not source.is_dir():
        raise AsteriskError(f"{source} is missing: the lab installs it in its PBX; run it from a checkout")
    for path in source.glob("*.conf"):
        shutil.copyfile(path, ours / path.name)
    classic = str(settings.classic_agi.absolute()) if settings.classic_agi else ""
    fastagi = f"127.0.0.1:{settings.ports.fastagi}"
    _set(ours / "extensions.conf", AMI_DIALER_FASTAGI=fastagi, AMI_DIALER_AGI=classic)
    _set(ours / "manager.conf", secret=_secret(settings.secret_file))
    _scripts(settings.agi_directory)


def _set(path: Path, **values: str) -> None:
    """Do what an administrator does by hand: put a value behind `key =`."""
    text = path.read_text(encoding="utf-8")
    for key, value in values.items():
        text, found = re.subn(rf"(?m)^{key} *=.*$", f"{key} = {value}", text, count=1)
        if not found:
            raise AsteriskError(f"{path} has no line {key} = …; is asterisk_conf/ complete?")
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _secret(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def _scripts(folder: Path) -> None:
    """Put the AGI scripts of the checkout there, and beside them what they import: pyst2 and six."""
    for script in (_CHECKOUT / "agi").glob("*.py"):
        shutil.copy2(script, folder / script.name)
        (folder / script.name).chmod(0o755)
    for module in ("asterisk", "six"):
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(
                origin.parent, folder / module, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copyfile(origin, folder / origin.name)
