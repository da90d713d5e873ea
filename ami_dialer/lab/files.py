"""Everything of a lab that is a file: configuration filled in, secret, sounds, scripts."""

import importlib.util
import re
import secrets
import shutil
from pathlib import Path

from ami_dialer.domain.errors import AsteriskError

from . import sounds
from .behaviours import numbers_conf
from .phones import pjsip_conf, plans_conf
from .programs import Asterisk
from .settings import LabSettings

INSTANCES = ("world", "pbx")
_TEMPLATES = Path(__file__).parent / "templates"
_CHECKOUT = Path(__file__).parents[2]
#: asterisk.conf of each instance names these.
_FOLDERS = ("etc", "var/keys", "data", "agi-bin", "spool", "run", "log")
_LOG = "notice,warning,error"


def write(settings: LabSettings, asterisk: Asterisk) -> set[str]:
    """Write all files of the lab; a secret that is there is kept. Returns whose configuration is not what it was."""
    for name in INSTANCES:
        for part in _FOLDERS:
            (settings.home / name / part).mkdir(parents=True, exist_ok=True)
        _link_data(settings.home / name / "data", asterisk)
    for folder in (settings.socket_directory, *settings.shared):
        folder.mkdir(parents=True, exist_ok=True)
    sounds.make(sounds.WORLD, settings.home / "world" / "sounds")
    sounds.make(sounds.PBX, settings.home / "pbx" / "data" / "sounds" / "ami-dialer")
    _scripts(settings.agi_directory)
    changed = set()
    for name in INSTANCES:
        texts = _from_templates(settings, name)
        texts |= _as_installed(settings) if name == "pbx" else {"numbers.conf": "\n".join(numbers_conf()) + "\n"}
        phones = pjsip_conf(settings.ports.world_sip) if name == "pbx" else plans_conf()
        texts["phones.conf"] = "\n".join(phones) + "\n"
        written = [_write_private(settings.home / name / "etc" / file, text) for file, text in texts.items()]
        if any(written):
            changed.add(name)
    settings.save()
    return changed


def _write_private(path: Path, text: str) -> bool:
    """Write a file that only its owner may read; True where it is not what it was."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return True


def _values(settings: LabSettings, name: str) -> dict[str, object]:
    ports = settings.ports
    first, last = ports.pbx_rtp if name == "pbx" else ports.world_rtp
    return {
        "HOME": settings.home / name,
        "AMI": ports.ami,
        "WORLD_AMI": ports.world_ami,
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


def _from_templates(settings: LabSettings, name: str) -> dict[str, str]:
    values = _values(settings, name)
    templates = (*(_TEMPLATES / "both").glob("*.conf"), *(_TEMPLATES / name).glob("*.conf"))
    return {
        template.name: re.sub(r"@([A-Z_]+)@", lambda m: str(values[m[1]]), template.read_text(encoding="utf-8"))
        for template in templates
    }


def _as_installed(settings: LabSettings) -> dict[str, str]:
    """asterisk_conf/ as its README tells an administrator to install it, with the lab's addresses and secret."""
    source = _CHECKOUT / "asterisk_conf"
    if not source.is_dir():
        raise AsteriskError(f"{source} is missing: the lab installs it in its PBX; run it from a checkout")
    texts = {f"ami-dialer/{path.name}": path.read_text(encoding="utf-8") for path in source.glob("*.conf")}
    mine = {
        "ami-dialer/extensions.conf": {
            "AMI_DIALER_FASTAGI": f"127.0.0.1:{settings.ports.fastagi}",
            "AMI_DIALER_SOCKET": str(settings.socket_directory / "answered.sock"),
            "AMI_DIALER_AGI": str(settings.classic_agi.absolute()) if settings.classic_agi else "",
        },
        "ami-dialer/manager.conf": {"secret": _secret(settings.secret_file)},
    }
    for file, values in mine.items():
        for key, value in values.items():
            texts[file], found = re.subn(rf"(?m)^{key} *=.*$", f"{key} = {value}", texts.get(file, ""), count=1)
            if not found:
                raise AsteriskError(f"asterisk_conf/{Path(file).name} has no line `{key} = …`")
    return texts


def _link_data(data: Path, asterisk: Asterisk) -> None:
    """Make `astdatadir` a folder of links to the package's own, with room for sounds of ours."""
    (data / "sounds").mkdir(exist_ok=True)
    for source, target in ((asterisk.data, data), (asterisk.sounds, data / "sounds")):
        for entry in asterisk.on_host(source).iterdir():
            link = target / entry.name
            if entry.name != "sounds" and not link.is_symlink() and not link.exists():
                link.symlink_to(source / entry.name)


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
