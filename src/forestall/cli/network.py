"""`forestall network`: signaling networks, ours and those that others published."""

from __future__ import annotations

import typer

from forestall.cli import network_explain

network_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Signaling networks: ours, and those that others published.",
)

for _module in (network_explain,):
    _module.register(network_app)


def register(app: typer.Typer) -> None:
    """Add the command group to the application."""
    app.add_typer(network_app, name="network", short_help="Run, perturb and explain signaling networks.")
