"""`python -m ami_dialer`."""

from ami_dialer.cli import main

main()
