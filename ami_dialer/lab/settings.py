"""What makes one lab: its name, folder, ports and seed."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from ami_dialer.domain.errors import AsteriskError

from .behaviours import DEFAULT_SEED


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on 127.0.0.1 only. The defaults keep clear of a PBX on the same machine."""

    #: Manager port of the PBX.
    ami: int = 15038
    #: SIP of the PBX.
    pbx_sip: int = 15060
    #: SIP of the world.
    world_sip: int = 15062
    #: Where trunk `sipp` of the PBX calls; a SIPp of yours listens there.
    sipp: int = 15064
    #: Where the PBX expects the dialer's FastAGI server.
    fastagi: int = 14573
    #: Manager port of the world, for whoever plays with agents' phones.
    world_ami: int = 15039
    #: First and last RTP port; two for each call.
    pbx_rtp: tuple[int, int] = (16000, 17999)
    world_rtp: tuple[int, int] = (18000, 19999)

    @classmethod
    def block(cls, first: int) -> Self:
        """All ports within the 500 from `first` on; the world and the PBX have room for 120 calls each."""
        return cls(
            ami=first,
            pbx_sip=first + 1,
            world_sip=first + 2,
            sipp=first + 3,
            fastagi=first + 4,
            world_ami=first + 5,
            pbx_rtp=(first + 10, first + 249),
            world_rtp=(first + 250, first + 489),
        )


@dataclass(frozen=True, slots=True)
class LabSettings:
    """One lab. Several may run at once where their folders and ports differ."""

    #: Everything of the lab is kept here: configuration, logs, sockets, the manager secret.
    directory: Path = Path("var/lab")
    ports: Ports = field(default_factory=Ports)
    #: More folders that the lab's Asterisk must see, at the same path: spoken prompts, for instance.
    shared: tuple[Path, ...] = (Path("var/sounds"),)
    #: Draws the behaviour of the numbers in the mixed range.
    seed: int = DEFAULT_SEED
    #: Path of the classic AGI script as `AMI_DIALER_AGI`; None hands answered calls to FastAGI.
    classic_agi: Path | None = None
    #: Log each step of the dialplan. Off for benchmarks.
    verbose: bool = True
    #: The Asterisks end when the thread that called `up` ends: for tests, so that a killed run leaves nothing behind.
    ends_with_caller: bool = False

    @property
    def home(self) -> Path:
        """The folder, absolute."""
        return self.directory.absolute()

    @property
    def secret_file(self) -> Path:
        """Holds the secret of manager user `ami-dialer`; readable by its owner only."""
        return self.home / "manager.secret"

    @property
    def socket_directory(self) -> Path:
        """For the dialer's Unix socket: the lab's Asterisk sees it at the same path."""
        return self.home / "socket"

    @property
    def agi_directory(self) -> Path:
        """`astagidir` of the PBX: the scripts of agi/ with pyst2 beside them."""
        return self.home / "pbx" / "agi-bin"

    def save(self) -> None:
        """Keep them in the folder, for `down` and `status`."""
        data = asdict(self)
        data.pop("directory")
        text = json.dumps(data, default=str, indent=2)
        (self.home / "lab.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def saved(cls, directory: Path) -> Self | None:
        """The settings the lab in this folder was started with; None where there is no lab."""
        path = directory.absolute() / "lab.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            ports: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in data.pop("ports").items()
            }
            classic = data.pop("classic_agi")
            return cls(
                directory=directory,
                ports=Ports(**ports),
                shared=tuple(Path(p) for p in data.pop("shared")),
                classic_agi=Path(classic) if classic else None,
                **data,
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise AsteriskError(f"{path} cannot be read ({error}); remove it and start the lab again") from error
