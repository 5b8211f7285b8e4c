"""The ``jarvis`` command."""

from __future__ import annotations

import errno
import os
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from jarvis_retrievers.errors import JarvisError

from .api import api
from .ask import ask
from .backup import backup, restore
from .bench import bench_commands
from .calibrate import calibrate
from .demo import demo
from .doctor import doctor
from .edit import edit
from .export import export, import_
from .forget import forget, forget_owner
from .gate import gate
from .listing import list_concepts
from .migrate import migrate
from .onboard import onboard
from .options import BlobsOption, ClipOption, DeviceOption, HomeOption, ModelOption, OwnerOption, Settings
from .quiet import quiet
from .quota import quota
from .reindex import reindex
from .remember import remember
from .screen import complain
from .secure import secure_commands
from .serve import serve
from .show import show
from .verify import verify
from .why import why

__all__ = ["app", "main"]

_REFUSED, _INTERRUPTED = 2, 130


class _OneLineErrors(TyperGroup):
    """Errors raised on purpose become one line and exit code 2; others are bugs and keep their trace."""

    def invoke(self, ctx: Any) -> Any:
        with quiet():
            try:
                return super().invoke(ctx)
            except JarvisError as error:
                complain("error", str(error))
                raise typer.Exit(_REFUSED) from error
            except KeyboardInterrupt as error:
                complain("error", "interrupted")
                raise typer.Exit(_INTERRUPTED) from error
            except OSError as error:
                if error.errno in (None, errno.EPIPE):
                    raise
                where = f": {error.filename}" if error.filename else ""
                complain("error", f"{error.strerror}{where}; check the disk and its permissions")
                raise typer.Exit(_REFUSED) from error


app = typer.Typer(
    name="jarvis",
    cls=_OneLineErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Personal memory for vision-language models: show it your dog once, ask about it ever after.",
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        number = version("jarvis-plugins")
    except PackageNotFoundError:
        number = "(not installed as a package)"
    typer.echo(f"jarvis {number}")
    raise typer.Exit


@app.callback()
def _settings(
    context: typer.Context,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
    blobs: BlobsOption = None,
    log: Annotated[
        str | None,
        typer.Option(
            "--log", metavar="LEVEL", help="Write events to stderr: info or debug, with :json for JSON."
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    setting = log if log is not None else os.environ.get("JARVIS_LOG")
    if setting:
        from jarvis_retrievers.log import configure_logging

        configure_logging(setting)
    context.obj = Settings().with_given(
        home=home, owner=owner, model=model, clip=clip, device=device, blobs=blobs
    )


app.command("demo")(demo)
app.command("remember")(remember)
app.command("onboard")(onboard)
app.command("ask")(ask)
app.command("why")(why)
app.command("list")(list_concepts)
app.command("show")(show)
app.command("edit")(edit)
app.command("forget")(forget)
app.command("forget-owner")(forget_owner)
app.command("gate")(gate)
app.command("calibrate")(calibrate)
app.command("migrate")(migrate)
app.command("reindex")(reindex)
app.command("verify")(verify)
app.command("doctor")(doctor)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("export")(export)
app.command("import")(import_)
app.command("quota")(quota)
app.command("serve")(serve)
app.command("api")(api)
app.add_typer(secure_commands, name="secure")
app.add_typer(bench_commands(), name="bench")


def main() -> None:
    """Entry point of the ``jarvis`` script."""
    app(prog_name="jarvis")


if __name__ == "__main__":
    main()
