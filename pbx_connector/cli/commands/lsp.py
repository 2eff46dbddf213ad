"""`pbx-connector lsp`: the language server, for editors to start; see docs/editors.md."""

from __future__ import annotations

import typer

from pbx_connector.cli.session import Session


def add_to(app: typer.Typer) -> None:
    @app.command("lsp")
    def lsp(context: typer.Context) -> None:
        """Help an editor with profiles, over stdin and stdout (Language Server Protocol)."""
        from pbx_connector.application.language.server import (
            make_server,  # its libraries take time that no other command needs
        )

        make_server(Session.of(context).plugins).start_io()
