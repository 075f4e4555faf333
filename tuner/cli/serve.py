"""The command serve: a model over HTTP, with a page to try it."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from tuner.cli.console import Command, err
from tuner.cli.saved_model_argument import SavedModel
from tuner.cli.serve_options import (
    TOKEN,
    USUAL,
    Follow,
    Host,
    MaxBatch,
    MaxMegabytes,
    MaxSamples,
    MaxWait,
    NoToken,
    Port,
    Threads,
    TokenFile,
)
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home

app = typer.Typer()


@app.command(cls=Command)
def serve(
    model: SavedModel,
    *,
    host: Host = "127.0.0.1",
    port: Port = None,
    token_file: TokenFile = None,
    no_token: NoToken = False,
    follow: Follow = 10.0,
    max_batch: MaxBatch = 64,
    max_wait: MaxWait = 0.0,
    threads: Threads = None,
    max_megabytes: MaxMegabytes = 16.0,
    max_samples: MaxSamples = 1024,
) -> None:
    """Serve a model over HTTP, with a page to try it, until Ctrl-C.

    Requests are those of MLflow's server (/invocations), or files, texts and rows (/predict); /docs lists them all.

    Examples:  tuner serve digits-cnn   |   tuner serve models:/digits-cnn@champion --host 0.0.0.0 --port 80
    """
    prepare_environment()
    from tuner.core.machine import cpu_count  # noqa: PLC0415
    from tuner.serving.access import is_loopback  # noqa: PLC0415
    from tuner.serving.listening import listen, listen_from  # noqa: PLC0415
    from tuner.serving.model.settings import MB, Settings  # noqa: PLC0415

    token = _token(token_file, no_token=no_token, local=is_loopback(host))
    settings = Settings(
        host=host,
        token=token,
        most_batch=max_batch,
        wait_s=max_wait / 1000,
        most_bytes=int(max_megabytes * MB),
        most_samples=max_samples,
        follow_s=follow,
        threads=threads or max(1, cpu_count() - 1),
        encoders=max(2, cpu_count()),
    )
    with listen_from(host, USUAL) if port is None else listen(host, port) as listener:
        from tuner.serving.model.run import serve as run  # noqa: PLC0415 - torch takes seconds

        number = int(listener.getsockname()[1])
        if port is None and number != USUAL:
            err.print(f"note: port {USUAL} is taken, so this is {number}")
        run(model, tuner_home(), settings, listener, _say, lambda: _tell(model, host, number, token))


def _token(file: Path | None, *, no_token: bool, local: bool) -> str:
    """What requests must bring; empty for none.

    Raises:
        TunerError: the file cannot be read, or is empty; or it is both wanted and not.
    """
    from tuner.serving.access import new_token  # noqa: PLC0415

    said = os.environ.get(TOKEN, "").strip()
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TunerError(f"--token-file {file}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
        if not said:
            raise TunerError(f"--token-file {file}: it is empty")
    if no_token:
        if file is not None:
            raise TunerError("--no-token and --token-file: choose one of them")
        return ""
    return said or ("" if local else new_token(TOKEN))


def _say(line: str) -> None:
    err.print(line, markup=False, soft_wrap=True)


def _tell(model: str, host: str, port: int, token: str) -> None:
    """What a newcomer needs: the address of the page, one request, and how to end it."""
    from tuner.serving.listening import address_of  # noqa: PLC0415

    address = address_of(host, port)
    _say(f"{model} is served at {address}{f'/#token={token}' if token else ''}   (Ctrl-C stops it)")
    if token:
        _say(f"Requests need the header   Authorization: Bearer {token}")
    _say(f"Try: curl {address}/card   All requests: {address}/docs")
