"""`python -m mediatheque_client` is the command `mediatheque`."""

from mediatheque_client.cli import main

main()
