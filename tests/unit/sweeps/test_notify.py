"""`--notify`: a command or an address is told how a sweep has ended."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import Recorder
from support.small_trainings import write_table

from tuner.cli import remote
from tuner.core.errors import SweepError, SweepStopped, TunerError
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps import api
from tuner.sweeps.notify import Notifier, keep_notification, notify
from tuner.sweeps.run import SweepRun


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """A server that answers with a status: its address, and what it has got."""
    got: list[tuple[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((str(self.headers["Content-Type"]), json.loads(body)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hush-hush", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_gets_it_by_post_and_a_command_on_its_input(tmp_path: Path) -> None:
    with listening() as (address, got):
        assert notify(address, b'{"state": "finished"}') == ""
    assert got == [("application/json", {"state": "finished"})]
    assert notify(f"cat > {shlex.quote(str(tmp_path / 'told'))}; echo noise", b"{}") == ""
    assert (tmp_path / "told").read_bytes() == b"{}"


def test_what_goes_wrong_is_a_line_without_the_secret_part_of_an_address(capfd: pytest.CaptureFixture[str]) -> None:
    with listening(403) as (address, _):
        assert notify(address, b"{}") == "127.0.0.1 has answered with 403 Forbidden"
    said = notify(address, b"{}")  # nobody listens any more
    assert said.startswith("127.0.0.1 does not answer: ")
    assert "hush" not in said
    assert notify("echo first >&2; echo last >&2; exit 3", b"{}").endswith("exit 3: exit status 3, last")
    assert "does not answer" in notify("http://[bad", b"{}")
    assert notify(f"{sys.executable} -c ''", b"x" * 1_000_000) == ""  # it reads nothing
    assert capfd.readouterr() == ("", "")


def train(target: str) -> tuple[dict[str, Any], Recorder]:
    told = Recorder()
    request = SweepRequest(
        dataset="csv:t.csv",
        model="lstm",
        target="y",
        max_epochs=1,
        cpus_per_trial=1,
        overrides=("lr=0.02", "optimizer=adam", "hidden_size=8", "batch_size=32", "dropout=0"),
        notify=target,
        name="x",
    )
    return api.train(request, callbacks=[told]).to_json(), told


def test_a_finished_sweep_tells_its_result_and_keeps_the_address_for_itself(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(tmp_path, 100)
    with listening() as (address, got):
        result, told = train(address)
        assert told.warnings == []
        [(_, content)] = got
        known = {"pair": "csv_t_y-lstm", "state": "finished"}
        assert content == json.loads(json.dumps({**known, **result}))
        assert content["test"]["accuracy"] > 0
        file = SweepFolder(home / "x").notify
        assert file.stat().st_mode & 0o777 == 0o600
        assert address not in (home / "x" / "sweep.json").read_text()
        assert b"hush-hush" not in (home / "mlflow.db").read_bytes()
        SweepFolder(home / "x").report_page.unlink()
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow itself sets it in this process
        api.resume("x")  # what a kill after the result has left is completed, and told
        assert got[-1][1].items() >= {"pair": "csv_t_y-lstm", "state": "finished"}.items()
        broken, wrong, stopped = SweepError("it broke"), TunerError("no such bucket"), SweepStopped("x", 15)
        failed = [(each, {"state": "failed", "reason": str(each)}) for each in (broken, wrong)]
        for error, known in (*failed, (stopped, {"state": "paused"})):

            def fails(self: SweepRun, error: BaseException = error) -> bool:
                raise error

            (home / "x" / "result.json").unlink(missing_ok=True)
            monkeypatch.setattr(SweepRun, "search", fails)
            os.environ.pop("MLFLOW_TRACKING_URI", None)
            with pytest.raises(type(error)):
                api.resume("x")
            assert got[-1][1].items() >= known.items()
    assert len(got) == 5


def test_a_failure_to_tell_is_a_note_and_nobody_is_told_without_the_option(home: Path) -> None:
    folder, told = SweepFolder(home / "demo"), Recorder()
    folder.path.mkdir(parents=True)
    keep_notification(folder.path, None)
    Notifier(make_config(), folder, told).on_sweep_error("it broke")
    assert told.notes == []
    keep_notification(folder.path, "exit 7")
    Notifier(make_config(), folder, told).on_sweep_error("it broke")
    assert told.warnings == ["--notify: exit 7: exit status 7"]


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(TunerError, match=r"^--notify: give a command"):
        SweepRequest(dataset="digits", model="cnn", notify=" ").check()
    request = SweepRequest(dataset="digits", model="cnn", notify="true")
    quiet: Any = None
    with pytest.raises(TunerError, match=r"^--notify: only a sweep on this machine"):
        remote.sweep(request, "http://head:1", attach=False, as_json=False, out=quiet, err=quiet)
