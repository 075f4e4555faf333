"""`tuner doctor`: what is good, and the mend of what is not.

A real cluster and server: integration/test_mlflow_server.py.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dataset_files import serve, write_small

from tuner.cli.doctor import machine, run, services
from tuner.cli.doctor.finding import Finding
from tuner.core import catalog

TWO_GPUS = "0, NVIDIA H200, 570.86.15, 143771, 143000\n1, NVIDIA H200, 570.86.15, 143771, 400\n"
SECRET = "0123456789abcdef"


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has set nothing."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS", "TUNER_ADDRESS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")


def only(findings: Iterator[Finding]) -> Finding:
    [finding] = findings
    return finding


def fake_nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.parametrize("name", catalog.names("datasets"))
def test_a_data_set_that_is_there_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_small(name, tmp_path, monkeypatch)
    before = tmp_path / "before"
    before.mkdir()
    monkeypatch.setenv("TUNER_DATA", str(before))
    ships = hasattr(catalog.load("datasets", name), "FOUND_AT") is False
    with_tuner, there, missing = only(machine.datasets()).text.split("; ")
    assert (name in with_tuner.split(": ")[1].split(", ")) is ships
    assert (name in missing.split(": ")[1].split(", ")) is not ships
    assert there == f"in {before}: none"
    monkeypatch.setenv("TUNER_DATA", str(root))
    there = only(machine.datasets()).text.split("; ")[1]
    assert there == f"in {root}: {'none' if ships else name}"


def test_a_data_folder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path / "nowhere"))
    assert f"mkdir -p {tmp_path / 'nowhere'}" in only(machine.datasets()).mend


def test_gpus_that_torch_cannot_use_and_one_that_is_full_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_nvidia_smi(tmp_path, f"printf '{TWO_GPUS}'", monkeypatch)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    all_of_them, first, second = machine.gpus()
    assert "driver 570.86.15" in all_of_them.text
    assert "CUDA_VISIBLE_DEVICES" in all_of_them.mend
    assert first.good
    assert first.text == "NVIDIA H200, 143000 of 143771 MiB memory free"
    assert "nvidia-smi" in second.mend
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert next(machine.gpus()).text == "2, hidden by CUDA_VISIBLE_DEVICES: trials run on CPUs"


@pytest.mark.parametrize(
    ("script", "told"), [("echo no driver; exit 9", "no driver"), ("exec sleep 60", "timed out after 0.2 seconds")]
)
def test_a_driver_that_fails_or_never_answers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    fake_nvidia_smi(tmp_path, script, monkeypatch)
    monkeypatch.setattr(machine, "SMI_S", 0.2)
    found = only(machine.gpus())
    assert told in found.text
    assert "driver" in found.mend


def test_too_little_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(found.good for found in (*machine.disks(), *machine.cpus()))
    monkeypatch.setattr(machine, "LEAST_DISK", 1e30)
    monkeypatch.setattr(machine, "LEAST_MEMORY", 1e30)
    names = {found.name: found.mend for found in (*machine.disks(), *machine.cpus())}
    assert "set TUNER_HOME" in names["TUNER_HOME"]
    assert "--concurrency 1" in names["CPU"]


def test_a_package_of_another_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(machine.ray()).good
    monkeypatch.setattr(machine, "version", lambda _: "1.2.3")
    assert only(machine.ray()).mend.startswith("pip install 'ray[")
    assert "'optuna==" in only(machine.packages()).mend


def test_the_token_is_found_where_ray_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ray get-auth-token --generate" in only(services.token()).text
    (tmp_path / ".ray").mkdir()
    own = tmp_path / ".ray/auth_token"
    own.write_text(SECRET)
    own.chmod(0o600)
    assert only(services.token()) == Finding(name="token", text=f"in {own}")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "other"))
    assert f"rand -hex 32 > {tmp_path / 'other'}" in only(services.token()).mend
    monkeypatch.setenv("RAY_AUTH_TOKEN", SECRET)
    assert only(services.token()) == Finding(name="token", text="in RAY_AUTH_TOKEN")


def test_a_cluster_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = only(services.cluster(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert "timed out" in found.text
    assert not found.good


def test_a_cluster_of_another_version_and_one_that_is_none_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", SECRET)
    with serve(tmp_path / "served") as server:
        address = server.url.rstrip("/")
        answer = tmp_path / "served/version"
        answer.write_text('{"ray_version": "1.2.3"}')
        assert "needs Ray" in only(services.cluster(address)).mend
        answer.write_text("<html>")
        assert "is not a Ray dashboard" in only(services.cluster(address)).text
        monkeypatch.setenv("RAY_AUTH_TOKEN", f"{SECRET}\n{SECRET}")
        assert SECRET not in str(only(services.cluster(address)))


def test_a_damaged_store_is_told(home: Path) -> None:
    home.mkdir()
    (home / "mlflow.db").write_bytes(b"this is no database" * 100)
    found = only(services.mlflow())
    assert "not a database" in found.text
    assert found.mend.startswith("mv ")


def test_an_address_of_another_form_is_told_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "datasets", lambda: iter([]))
    found = {finding.name: finding for finding in run.examine("head:8265")}
    assert found["cluster"].mend == "correct --address or TUNER_ADDRESS"
    assert found["token"].good
