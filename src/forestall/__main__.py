"""`python -m forestall` is the command `forestall`."""

from forestall.cli.main import main

main()
