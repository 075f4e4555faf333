"""The command serve: a newcomer's first lines, MLflow's client, signals, tokens, and what it says when it cannot."""

from __future__ import annotations

import base64
import io
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import mlflow
import numpy as np
import pandas as pd
import pytest
from load import request_of
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from PIL import Image
from support.common import Command, Finished, Start, Typed, free_port
from support.http_requests import Answer
from support.processes import Process, end, wait_until
from support.serving import CSV, JSON, ask, photos_model


@contextmanager
def served(start: Start, folder: Path, *arguments: str, **extra: str) -> Iterator[tuple[Process, int]]:
    port = free_port()
    process = start("serve", *arguments, "--port", str(port), folder=folder, **extra)
    try:
        assert wait_until(lambda: ask(port, "/ping").status == 200, process, poll=0.05), process.communicate()
        yield process, port
    finally:
        end(process, signal.SIGKILL)


def test_the_answers_are_those_of_mlflows_server_to_the_letter(
    start: Start, warm: dict[str, str], finished: Finished
) -> None:
    """To what its server calls with the body of a request, and with its own client."""
    mlflow.set_tracking_uri(finished.uri)
    mlflow.set_registry_uri(finished.uri)  # tests of the same process may have set another one
    loaded = mlflow.pyfunc.load_model("models:/digits-cnn@champion")
    rng = np.random.default_rng(0)
    one = rng.integers(0, 17, (1, 1, 8, 8))
    file = io.BytesIO()
    Image.fromarray((one[0, 0] * 15).astype(np.uint8)).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    bodies = [
        {"inputs": one.tolist()},
        {"instances": one.tolist()},
        {"inputs": (one / 16).tolist()},
        {"inputs": one[0].tolist()},
        {"inputs": [text]},
        {"inputs": {"image": [text]}},
        {"instances": [{"image": text}]},
        {"dataframe_split": {"columns": ["image"], "data": [[text]]}},
        {"dataframe_records": [{"image": text}]},
        {"inputs": one.tolist(), "params": {"decide": True}},
        {"inputs": one.tolist(), "params": {"decide": False, "other": 1}},
        {"inputs": one.tolist(), "more": 1},
        {"inputs": []},
        {"inputs": "x"},
        {"inputs": one.tolist(), "params": {"decide": "perhaps"}},
        {"dataframe_split": {"data": 1}},
        {"dataframe_records": {}},
        {"input": [1]},
    ]
    with served(start, finished.folder, "digits-cnn", TUNER_HOME=str(finished.home), **warm) as (_, port):
        for body in bodies:
            sent = json.dumps(body)
            ours = ask(port, "/invocations", sent)
            status, theirs = theirs_of(sent, JSON, loaded)
            assert ours.status == status, (body, ours.body, theirs)
            if status == 200:
                assert_close(ours, theirs)
        ours = ask(port, "/invocations", f"image\n{text}\n", CSV)
        assert_close(ours, theirs_of(f"image\n{text}\n", CSV, loaded)[1])
        client = ScoringServerClient("127.0.0.1", port)
        client.wait_server_ready(timeout=60)
        assert client.get_version() == mlflow.__version__
        found = client.invoke(one.astype(np.uint8)).get_predictions()
        assert np.allclose(found.to_numpy(), loaded.predict(one).to_numpy(), atol=1e-6)
        frame = pd.DataFrame({"image": [text]})
        found = client.invoke(frame, params={"decide": True}).get_predictions()
        assert found["class"].tolist() == loaded.predict(frame, params={"decide": True})["class"].tolist()


def theirs_of(body: str, kind: str, model: mlflow.pyfunc.PyFuncModel) -> tuple[int, str]:
    """The status and the text that MLflow's server answers with."""
    try:
        answer = invocations(body, kind, model, model.metadata.get_input_schema())
    except MlflowException as error:
        return error.get_http_status_code(), error.message
    return answer.status, answer.response


def assert_close(ours: Answer, theirs: str) -> None:
    """The same text, but for the last digits of numbers."""
    mine, other = ours.json["predictions"], json.loads(theirs)["predictions"]
    assert [list(row) for row in mine] == [list(row) for row in other]
    for one, two in zip(mine, other, strict=True):
        assert one == (pytest.approx(two, abs=2e-6) if "class" not in two else two)


def test_the_first_lines_say_where_it_is_and_every_one_of_them_works(start: Start, finished: Finished) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8700))
            taken.listen()
        except OSError:  # it is taken already
            pass
        process = start("serve", "digits-cnn", folder=finished.folder)
        assert process.stderr
        lines = [process.stderr.readline() for _ in range(3)]
    assert lines[0].startswith("note: port 8700 is taken, so this is "), lines
    port = int(lines[0].split()[-1])
    assert lines[1] == f"digits-cnn is served at http://127.0.0.1:{port}   (Ctrl-C stops it)\n"
    assert f"curl http://127.0.0.1:{port}/card" in lines[2]
    card = ask(port, "/card").json
    assert (card["name"], card["version"], card["sweep"]) == ("digits-cnn", "1", finished.sweep.name)
    assert card["scores"][0]["interval"]
    assert len(ask(port, "/examples").json) == 16
    end(process, signal.SIGINT)
    assert process.returncode == 0
    assert process.stderr is not None


@pytest.mark.parametrize(("how", "is_warm"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_a_signal_ends_it_once_what_was_asked_is_answered(
    start: Start, warm: dict[str, str], tmp_path: Path, how: signal.Signals, *, is_warm: bool
) -> None:
    """A process of its own, and a fork of what `tuner up` has left."""
    photos_model(tmp_path / "model")
    answers: list[Answer] = []
    body = json.dumps({"inputs": [[[[0] * 8] * 8] * 3]})

    def load(port: int) -> None:
        """Until the port is closed."""
        while True:
            try:
                answers.append(ask(port, "/invocations", body))
            except (ConnectionRefusedError, ConnectionResetError):  # it came after the end
                return

    with served(start, tmp_path, "model", **(warm if is_warm else {})) as (process, port):
        threads = [Thread(target=load, args=(port,)) for _ in range(4)]
        slow = socket.create_connection(("127.0.0.1", port), timeout=60)
        request = request_of(port, "/invocations", body.encode(), JSON)
        slow.sendall(request[:-5])
        for thread in threads:
            thread.start()
        assert wait_until(lambda: len(answers) > 20, process, poll=0.02)
        process.send_signal(how)
        for thread in threads:
            thread.join(60)
        slow.sendall(request[-5:])  # this request had begun before the signal came
        with slow:
            assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert {answer.status for answer in answers} == {200}


def test_beyond_this_machine_it_asks_for_a_token(start: Start, warm: dict[str, str], tmp_path: Path) -> None:
    photos_model(tmp_path / "model")
    with served(start, tmp_path, "model", "--host", "0.0.0.0", **warm) as (process, port):
        assert process.stderr
        first, second = process.stderr.readline(), process.stderr.readline()
        token = first.split("#token=")[1].split()[0]
        assert len(token) >= 32
        assert token in second
        assert ask(port, "/card").status == 401
        assert ask(port, "/card", Authorization=f"Bearer {token}").status == 200
    (tmp_path / "token").write_text(" given\n")
    with served(start, tmp_path, "model", "--token-file", "token", **warm) as (_, port):
        assert ask(port, "/card").status == 401
        assert ask(port, "/card", Authorization="Bearer given").status == 200
    with served(start, tmp_path, "model", TUNER_SERVE_TOKEN="other", **warm) as (_, port):
        assert ask(port, "/card", Authorization="Bearer other").status == 200
        assert ask(port, "/card").status == 401


def test_what_cannot_be_served_is_said_in_one_line(typed: Typed, tmp_path: Path) -> None:
    photos_model(tmp_path / "model")
    (tmp_path / "empty").write_text("\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments, words in {
            ("nothing",): "unknown model 'nothing': there are no models in",
            ("models:/nothing@champion",): "there is no MLflow store in",
            ("model", "--port", port): f"--port {port} is taken",
            ("model", "--port", "70000"): "--port 70000: ports go from 0 to 65535",
            ("model", "--host", "203.0.113.7"): "--host 203.0.113.7",
            ("model", "--token-file", "none"): "--token-file none: No such file",
            ("model", "--token-file", "empty"): "--token-file empty: it is empty",
            ("model", "--token-file", "empty", "--no-token"): "--token-file empty: it is empty",
            ("model", "--max-batch", "0"): "--max-batch must be at least 1",
            ("model", "--max-wait", "-1"): "--max-wait must be 0 or more",
        }.items():
            code, out, err = typed("serve", *arguments)
            assert (code, out) == (2, ""), err
            assert err.startswith("error: ")
            assert words in err
            assert err.count("\n") == 1


@pytest.mark.proof
def test_it_is_served_from_what_tuner_up_has_left_and_ends_as_without(
    tuner: Command, start: Start, tmp_path: Path, environment: dict[str, str]
) -> None:
    photos_model(tmp_path / "model")
    (tmp_path / "run").mkdir(mode=0o700)
    warm = {"TUNER_WARM": "1", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    up: subprocess.CompletedProcess[str] = tuner("up", folder=tmp_path, **warm)
    assert up.returncode == 0, up.stderr
    try:
        for how in (signal.SIGTERM, signal.SIGINT):
            with served(start, tmp_path, "model", **warm) as (process, port):
                answers = [ask(port, "/invocations", json.dumps({"inputs": [[[[0] * 8] * 8] * 3]})) for _ in range(5)]
                assert {answer.status for answer in answers} == {200}
                process.send_signal(how)
                process.communicate(timeout=60)
                assert process.returncode == 0
                assert not wait_until(lambda: ask(port, "/ping").status, timeout=0.2)
    finally:
        assert tuner("down", folder=tmp_path, **warm).returncode == 0
