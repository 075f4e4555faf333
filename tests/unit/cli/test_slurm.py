"""tuner sweep --slurm: what is written and refused, with an `sbatch` that only notes what it gets.

With a real Slurm: integration/test_slurm.py.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from support.common import Typed, check_refused
from support.json_check import check_json

from tuner.cli.slurm_job import sweep_name
from tuner.core.errors import TunerError
from tuner.execution.slurm.allocation import Allocation, without_sizes
from tuner.execution.slurm.node import start_options
from tuner.execution.slurm.script import DIRECTIVES, PROGRAM, read_options

ROOT = Path(__file__).parents[3]
SWEEP = ("sweep", "digits", "cnn", "--trials", "8", "--set", "lr=0.1..0.2")


@pytest.fixture
def sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a stand-in for sbatch lies. It answers as Slurm does."""
    program = tmp_path / "bin" / "sbatch"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho '17;cluster'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


@pytest.mark.usefixtures("sbatch")
def test_the_script_has_the_command_without_slurm_and_with_a_name(typed: Typed, home: Path, tmp_path: Path) -> None:
    code, out, err = typed(*SWEEP, "--slurm", "--gpus=4 --time 8:00:00 --comment 'my job'", "--json")
    assert code == 0, err
    script, log = home / "slurm" / "digits-cnn-1.sh", home / "slurm" / "digits-cnn-1.log"
    told = check_json("sweep DATASET MODEL --slurm OPTIONS", out)
    assert told == {"sweep": "digits-cnn-1", "job": "17", "script": str(script), "log": str(log)}
    assert "squeue --job 17" in err
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    asked = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH ")]
    own = ["--job-name=digits-cnn-1", f"--output={log}", f"--chdir={tmp_path}", *DIRECTIVES]
    assert asked == [*own, "--gpus=4", "--time 8:00:00", "--comment 'my job'"]
    assert f"export TUNER_HOME={home}" in lines
    words = [sys.executable, "-P", "-m", PROGRAM, *SWEEP, "--name", "digits-cnn-1"]
    assert shlex.split(lines[-1]) == ["exec", *words]
    assert sweep_name(words[4:]) == "digits-cnn-1"


@pytest.mark.usefixtures("sbatch")
def test_each_sweep_has_a_name_of_its_own_and_a_taken_one_is_refused(typed: Typed, home: Path) -> None:
    for number in (1, 2):
        assert typed(*SWEEP, "--slurm", "")[0] == 0
        assert (home / "slurm" / f"digits-cnn-{number}.sh").exists()
    code, _, err = typed(*SWEEP, "--slurm", "", "--name", "digits-cnn-2")
    assert code == 2
    assert err == (
        "error: --name 'digits-cnn-2' is taken: choose another, or go on with it: sbatch "
        f"{home / 'slurm' / 'digits-cnn-2.sh'}\n"
    )


def test_with_a_sweep_its_script_goes_and_its_name_is_free(typed: Typed, home: Path, sweep: Path) -> None:
    files = [home / "slurm" / f"{name}.{ending}" for name in ("demo", "other") for ending in ("sh", "log")]
    files[0].parent.mkdir()
    for each in files:
        each.touch()
    assert typed("rename", "demo", "new")[0] == 0
    assert [each.exists() for each in files] == [False, False, True, True]
    files[0].with_name("new.sh").touch()
    assert typed("rm", "new", "--yes")[0] == 0
    assert sorted(home.glob("slurm/*")) == sorted(files[2:])
    assert not sweep.exists()


@pytest.mark.usefixtures("sbatch")
def test_a_signal_of_ones_own_takes_the_place_of_ours(typed: Typed, home: Path) -> None:
    assert typed(*SWEEP, "--slurm", "--signal=B:USR1@600", "--name", "x")[0] == 0
    text = (home / "slurm" / "x.sh").read_text()
    assert [line for line in text.splitlines() if "--signal" in line] == ["#SBATCH --signal=B:USR1@600"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--slurm", "--gpus=1", "--address", "http://x:8265"], ["--slurm and --address"]),
        (["--slurm", "--gpus=1", "--detach"], ["--detach is for"]),
        (["--slurm", "--gpus=1", "--attach"], ["--attach is for"]),
        (["--slurm", "--gpus=1", "--dashboard"], ["--dashboard is for"]),
        (["--slurm", "gpus=1"], ["'gpus=1' is no option"]),
        (["--slurm", "--gpus=1 2"], ["'2' is no option"]),
        (["--slurm", "--gpus='1"], ["no closing quotation"]),
        (["--slurm", "--comment='a\nb'"], ["has a control character"]),
        (["--slurm", "--output=x"], ["--output is set by tuner"]),
        (["--slurm", "--array=1-4"], ["--array does not go with a sweep's job"]),
        (["--slurm", "--signal=TERM@60"], ["write --signal=B:USR1@SECONDS"]),
        (["--slurm", "--gpus=1", "--trials", "0"], ["--trials must be at least 1"]),
    ],
)
@pytest.mark.usefixtures("sbatch")
def test_what_does_not_fit_is_refused_in_one_line(
    typed: Typed, home: Path, options: list[str], words: list[str]
) -> None:
    check_refused(typed("sweep", "digits", "cnn", *options), words, home)


def test_without_slurm_and_with_a_refusal_nothing_is_left(
    typed: Typed, home: Path, sbatch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: x' >&2; exit 1\n")
    code, out, err = typed(*SWEEP, "--slurm", "-p x")
    assert (code, out) == (2, "")
    assert err == "error: --slurm: sbatch: error: invalid partition specified: x\n"
    assert not list(home.glob("slurm/*"))
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = typed(*SWEEP, "--slurm", "-p x")
    assert (code, err.count("\n")) == (2, 1)
    assert "there is no sbatch here" in err


def test_the_file_of_docker_is_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / "docker" / "slurm.sh").read_text().splitlines()
    assert [line.split(" # ")[0].removeprefix("#SBATCH ").rstrip() for line in lines if line.startswith("#SBATCH")] == [
        *DIRECTIVES
    ]
    assert lines[-1] == f'exec python -P -m {PROGRAM} "$@"'
    for words in (["sweep", "digits", "cnn"], ["resume", "--name", "x"], ["sweep", "--name"]):
        with pytest.raises(TunerError, match="give the command after tuner, with a name"):
            sweep_name(words)
    assert sweep_name(["sweep", "digits", "cnn", "--name=a", "--name", "b"]) == "b"
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(TunerError, match="this runs in a job of Slurm"):
        Allocation.here()


@pytest.mark.parametrize(
    ("given", "has", "lacks"),
    [
        ({"SLURM_CPUS_ON_NODE": "6"}, ["--num-cpus=6", "--num-gpus=0"], "memory"),
        ({"SLURM_CPUS_ON_NODE": "2", "SLURM_GPUS_ON_NODE": "1"}, ["--num-cpus=2"], "num-gpus"),
        ({"SLURM_MEM_PER_NODE": "1000"}, [f"--object-store-memory={(1000 << 20) * 3 // 10}"], "num-cpus"),
        ({"SLURM_MEM_PER_CPU": "50", "SLURM_CPUS_ON_NODE": "2"}, ["--object-store-memory=100000000"], "num-gpus=1"),
    ],
)
def test_a_node_has_what_slurm_gives_to_the_job(
    given: dict[str, str], has: list[str], lacks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = start_options(given)
    assert set(has) <= set(options)
    assert not any(lacks in option for option in options)


def test_a_step_asks_for_one_node_and_not_for_what_the_whole_job_has() -> None:
    kept = {"SLURM_JOB_ID": "1", "SLURM_CONF": "/x", "PATH": "/bin", "GPUS": "2"}
    sizes = {"SLURM_GPUS": "8", "SLURM_NTASKS": "2", "SLURM_GPUS_PER_NODE": "4", "SRUN_CPUS_PER_TASK": "9"}
    assert without_sizes({**kept, **sizes}) == kept


def test_options_are_kept_as_they_are_typed() -> None:
    assert read_options("-N 2 --time=8:00:00 --gres gpu:a100:2") == ["-N 2", "--time=8:00:00", "--gres gpu:a100:2"]
