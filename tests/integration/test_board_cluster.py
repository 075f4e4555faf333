"""`tuner ui --address` on a real cluster, in a real browser: begun on the page, watched, stopped, its report opened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.job_submission import JobSubmissionClient
from support.board_pictures import take
from support.browser import Browser, browser
from support.common import Command, Start, free_port
from support.mlflow_server import plain_server
from support.processes import end, wait_until
from support.ray_cluster import Cluster, ray_cluster
from support.ray_dashboard import open_ray_dashboard
from support.ui import compose, opened

pytestmark = pytest.mark.proof
LONG_S = 300.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """With an MLflow server."""
    (tmp_path / "mlflow").mkdir()
    with (
        plain_server(tmp_path / "mlflow", free_port()) as uri,
        ray_cluster(cpus=2, environment={"MLFLOW_TRACKING_URI": uri}) as cluster,
    ):
        yield cluster


def jobs(cluster: Cluster) -> dict[str, str]:
    """The jobs that tell how sweeps stand, by their ids: what state they are in."""
    found: Any = cluster.ask("/api/jobs/")
    return {job["submission_id"]: job["status"] for job in found if "tell-sweeps --seconds" in job["entrypoint"]}


def test_a_sweep_is_begun_watched_and_stopped_on_the_page(
    start: Start, tuner: Command, cluster: Cluster, tmp_path: Path
) -> None:
    mine = {**cluster.client, "MLFLOW_TRACKING_URI": cluster.environment["MLFLOW_TRACKING_URI"]}
    ui = start("ui", "--port", str(free_port()), "--address", cluster.address, folder=tmp_path, **mine)
    with browser(tmp_path / "browser") as page:
        try:
            check_page(page, opened(ui), cluster)
            last_job = list(jobs(cluster))[-1]
        finally:
            end(ui)
        assert wait_until(lambda: jobs(cluster)[last_job] == "STOPPED")
    words = ("status", "first", "--json", "--address", cluster.address)
    assert json.loads(tuner(*words, folder=tmp_path, **cluster.client).stdout)["state"] == "finished"


def check_page(page: Browser, address: str, cluster: Cluster) -> None:
    def wait(script: str) -> None:
        page.wait(script, LONG_S)

    page.size(1200, 900)
    page.open(address)
    wait("document.querySelector('.note')?.innerText.includes('no sweeps here yet')")
    page.run("location.hash = '#/new'")
    more = "--set width=0.25 --max-epochs 9"
    compose(page, dataset="digits", model="cnn", trials="2000", name="first", more=more)
    wait("document.querySelector('form code')?.innerText.includes('--max-epochs 9 --address http')")
    take(page, "ui-cluster-new.png")
    page.click("form button.strong")
    wait("document.querySelector('h1').innerText.startsWith('first')")
    wait("document.querySelector('.pill.running')")
    wait("document.querySelectorAll('.trials tbody tr').length >= 6")
    wait("document.querySelectorAll('.js-plotly-plot').length >= 1")
    take(page, "ui-cluster-sweep.png")
    [job] = jobs(cluster)
    client = JobSubmissionClient(cluster.address, headers={"Authorization": f"Bearer {cluster.token}"})
    client.stop_job(job)
    assert wait_until(lambda: [each for each in jobs(cluster) if each != job], timeout=LONG_S)
    page.click("button[aria-label='Stop first']")
    assert f"tuner stop first --address {cluster.address}" in page.text("dialog")
    page.click("dialog button.strong")
    wait("document.querySelector('.pill.finished')")
    wait("[...document.querySelectorAll('a')].some((each) => each.innerText === 'Report')")
    link = "[...document.querySelectorAll('a')].find((each) => each.innerText === '%s').href"
    report = page.run(link % "Report")
    assert "The model cnn for digits was tuned" in page.run(f"fetch({report!r}).then((answer) => answer.text())")
    assert not page.console
    ray, mlflow = page.run(link % "Ray dashboard"), page.run(link % "MLflow run")
    page.send("Page.navigate", url=mlflow)
    wait("location.hash.includes('/runs/') && document.body?.innerText.includes('first')")
    open_ray_dashboard(page, ray, cluster.token)
    page.wait("location.hash === '#/jobs/tuner-first'")
    page.wait("document.body.innerText.includes('remote_entry sweep digits cnn')")
    take(page, "ray-job.png")


def test_a_cluster_that_has_ended_is_told(start: Start, tmp_path: Path) -> None:
    with ray_cluster(cpus=1) as cluster:
        ui = start("ui", "--port", str(free_port()), "--address", cluster.address, folder=tmp_path, **cluster.client)
        address = opened(ui)
        with browser(tmp_path / "browser") as page:
            page.open(address)
            page.wait("document.querySelector('.note')?.innerText.includes('no sweeps here yet')", LONG_S)
            for node in reversed(cluster.nodes):
                node.stop()
            page.wait("document.querySelector('#link').innerText.includes('no Ray cluster answers there')", LONG_S)
            take(page, "ui-cluster-gone.png")
            end(ui)
