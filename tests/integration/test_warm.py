"""Sweeps that are forked from what `tuner up` has left: killed in each part, stopped in each way, two at a time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import processes
from support.common import BIN, read_study, wait_for_epochs
from support.own_training import SLOW_TRAIN
from support.process_groups import (
    GONE_S,
    MARK,
    Terminal,
    end_all,
    no_processes,
    program,
    with_variable,
    working_in,
)
from support.processes import Process, end, wait_until

from tuner.sweeps.lock import last_driver

pytestmark = pytest.mark.proof
SHORT = (
    *("sweep", "digits", "cnn", "--limit", "300", "--set", "width=0.25"),
    *("--trials", "2", "--max-epochs", "3", "--seed", "3"),
)
LONG = (
    *("sweep", "train.py", "--set", "lr=0.01..1", "--objective", "loss:min"),
    *("--trials", "4", "--max-epochs", "27", "--concurrency", "2", "--name", "x"),
)


@dataclass(frozen=True)
class Resident:
    """What `tuner up` has left, and the environment of the commands that use it."""

    pid: int
    environment: dict[str, str]

    def start(self, folder: Path, *words: str) -> Process:
        """Starts `tuner WORDS` as the leader of a process group."""
        environment = {**self.environment, MARK: str(folder)}
        return processes.start([BIN / "tuner", *words], folder=folder, environment=environment, leader=True)

    def run(self, folder: Path, *words: str, code: int = 0) -> str:
        """Runs it to its end, which must have this exit status. Returns what it says on stderr."""
        process = self.start(folder, *words)
        _, err = process.communicate(timeout=600)
        assert process.returncode == code, err
        return err

    def begun(self, folder: Path, epochs: int = 4) -> tuple[Process, int]:
        """A long sweep that has trained so many epochs, and the process id of its driver, a fork."""
        (folder / "train.py").write_text(SLOW_TRAIN)
        process = self.start(folder, *LONG)
        wait_for_epochs(folder, epochs, process)
        driver = last_driver(folder / "runs" / "x")
        assert driver
        assert parent(driver.pid) == self.pid
        return process, driver.pid


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def named(folder: Path, name: str) -> list[int]:
    """The processes of the sweeps of a folder that call themselves so."""
    return [pid for pid in {*working_in(folder), *with_variable(MARK, folder)} if program(pid).startswith(name)]


def all_ended(folder: Path) -> bool:
    """Whether all processes of the sweeps of a folder have ended within the time that Ray's may take."""
    return bool(wait_until(lambda: not working_in(folder), timeout=GONE_S)) and no_processes(folder)


def up(environment: dict[str, str], runtime: Path) -> Resident:
    runtime.mkdir(mode=0o700)
    environment = {**environment, "XDG_RUNTIME_DIR": str(runtime), "TUNER_WARM": "1"}
    started = processes.start([BIN / "tuner", "up"], folder=runtime, environment=environment)
    out, err = started.communicate(timeout=600)
    assert started.returncode == 0, err
    return Resident(int(out.split("process ")[1].split(",")[0]), environment)


@pytest.fixture(scope="module")
def resident(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resident]:
    found = up(environment, tmp_path_factory.mktemp("warm") / "run")
    yield found
    os.kill(found.pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    yield
    try:
        assert all_ended(tmp_path)
    finally:
        end_all(tmp_path)
        for pid in working_in(tmp_path):
            os.kill(pid, signal.SIGKILL)


def resume(resident: Resident, folder: Path) -> None:
    """Goes on with the sweep to its end: all of its trials have ended, and none has an epoch twice or left out."""
    resident.run(folder, "resume", "x")
    trials = read_study(folder / "runs" / "x").trials
    assert len(trials) == 4
    for trial in trials:
        assert trial.state.is_finished()
        assert sorted(trial.intermediate_values) == list(range(1, len(trial.intermediate_values) + 1))


def test_a_warm_sweep_finds_what_a_cold_one_finds(resident: Resident, tmp_path: Path) -> None:
    found = []
    for name, switch in (("warm", "1"), ("cold", "0")):
        environment = {**resident.environment, "TUNER_WARM": switch, MARK: str(tmp_path)}
        words: list[str | Path] = [BIN / "tuner", *SHORT, "--name", name, "--json", "--concurrency", "1"]
        process = processes.start(words, folder=tmp_path, environment=environment)
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        result = json.loads(out)
        found.append(
            (result["best"], [trial.intermediate_values for trial in read_study(Path(result["folder"])).trials])
        )
        assert (Path(result["folder"]) / "report/report.html").exists()
    assert found[0][1] == found[1][1]


def test_workers_are_forked_too_and_one_that_is_killed_is_forked_again(resident: Resident, tmp_path: Path) -> None:
    process, _ = resident.begun(tmp_path)
    workers = named(tmp_path, "ray::")
    assert workers
    assert {parent(each) for each in workers} == {resident.pid}
    os.kill(workers[0], signal.SIGKILL)
    assert wait_until(lambda: set(named(tmp_path, "ray::")) - set(workers), process)
    end(process, signal.SIGINT, timeout=120)
    assert process.returncode == 130
    resume(resident, tmp_path)


@pytest.mark.parametrize("part", ["client", "driver", "raylet", "gcs_server"])
def test_a_killed_part_ends_the_sweep_and_loses_nothing(part: str, resident: Resident, tmp_path: Path) -> None:
    process, driver = resident.begun(tmp_path)
    pid = {"client": process.pid, "driver": driver}.get(part) or named(tmp_path, part)[0]
    os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=120)
    assert process.returncode == (-signal.SIGKILL if part in ("client", "driver") else 1)
    assert all_ended(tmp_path)
    resume(resident, tmp_path)


@pytest.mark.parametrize(("how", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_to_the_whole_group_stop_the_sweep(how: str, code: int, resident: Resident, tmp_path: Path) -> None:
    process, _ = resident.begun(tmp_path)
    os.killpg(process.pid, getattr(signal, how))
    _, err = process.communicate(timeout=120)
    assert process.returncode == code
    assert "tuner resume x" in err.splitlines()[-1]
    assert all_ended(tmp_path)
    resume(resident, tmp_path)


def test_a_terminal_that_is_closed_stops_the_sweep(resident: Resident, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SLOW_TRAIN)
    with Terminal(resident.environment, tmp_path, *LONG) as terminal:
        wait_for_epochs(tmp_path, 4, terminal.process)
        terminal.close()
        assert terminal.process.wait(120) == 129


def test_two_sweeps_at_once_have_a_ray_each(resident: Resident, tmp_path: Path) -> None:
    both = [resident.start(tmp_path, *SHORT, "--name", name) for name in ("a", "b")]
    for process in both:
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, err


def test_a_killed_zygote_does_not_stop_the_sweep(
    environment: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A worker that is lost afterwards starts as usual."""
    resident = up(environment, tmp_path_factory.mktemp("warm") / "run")
    process, _ = resident.begun(tmp_path)
    workers = named(tmp_path, "ray::")
    os.kill(resident.pid, signal.SIGKILL)
    os.kill(workers[0], signal.SIGKILL)
    assert wait_until(lambda: set(named(tmp_path, "ray::")) - set(workers), process)
    end(process, signal.SIGINT, timeout=120)
    assert process.returncode == 130
    resume(resident, tmp_path)


def test_a_detached_sweep_and_its_orders(resident: Resident, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SLOW_TRAIN)
    resident.run(tmp_path, *LONG, "--detach")
    wait_until(lambda: named(tmp_path, "ray::"), timeout=300)
    resident.run(tmp_path, "stop", "x", "--now")
    assert all_ended(tmp_path)
    resume(resident, tmp_path)


def test_stop_ends_the_driver_of_a_warm_sweep(resident: Resident, tmp_path: Path) -> None:
    process, _ = resident.begun(tmp_path)
    resident.run(tmp_path, "stop", "x", "--now")
    process.communicate(timeout=120)
    assert process.returncode == 143


def test_down_leaves_sweeps_alone(
    environment: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    resident = up(environment, tmp_path_factory.mktemp("warm") / "run")
    process, _ = resident.begun(tmp_path)
    resident.run(tmp_path, "down")
    resident.run(tmp_path, "status", "x")  # cold
    end(process, signal.SIGTERM, timeout=120)
    assert process.returncode == 143
    assert wait_until(lambda: not Path(f"/proc/{resident.pid}").exists(), timeout=60)
