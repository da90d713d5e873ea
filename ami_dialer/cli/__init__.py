"""The command line. One file per command; each adds itself to the group in `main`."""

from ami_dialer.cli.main import main

__all__ = ["main"]
