"""docker/: what can be checked without containers and without starting anything.

The services themselves: integration/test_docker_services.py.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import stat
import subprocess
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import ray
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.serve.schema import ServeDeploySchema
from sqlalchemy import make_url
from support.compose import DOCKER, VARIABLE, make_secrets, read_compose, read_manifests

from tuner.execution.slurm.allocation import PULL_TIMEOUT

BIN = Path(sys.executable).parent
ROOT = DOCKER.parent
FILES = ("compose.yaml", "compose.gpu.yaml")
RAYLET = Path(ray.__file__).parent / "core/src/ray/raylet/raylet"
OURS = ("mlflow", "head", "worker", "serve")


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    return make_secrets(tmp_path)


@pytest.fixture
def services(secrets: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = read_compose("compose.yaml", secrets)["services"]
    return found


@pytest.fixture
def manifests() -> dict[tuple[str, str], Any]:
    return read_manifests()


def flags(words: list[str]) -> dict[str, str]:
    """The options of a `ray start`, without those that each way of starting it has its own of."""
    own = ("num-cpus", "object-store-memory", "dashboard-host", "autoscaling-config", "address", "block", "head")
    pairs = [word.removeprefix("--").partition("=")[::2] for word in words if word.startswith("--")]
    return {name: value for name, value in pairs if name not in own}


def statements(file: Path) -> str:
    """Those of a file of SQL, without its comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def run(*words: str) -> None:
    done = subprocess.run([str(BIN / words[0]), *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    run("hadolint", "--failure-threshold", "style", str(DOCKER / "Dockerfile"))


def test_the_compose_files_are_of_the_schema() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *(str(DOCKER / name) for name in FILES))


def test_the_image_is_not_root_pinned_and_made_of_files_that_the_build_sees(services: dict[str, Any]) -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG PYTHON=3\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"python:${PYTHON}", "venv"}
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["1000:1000"]
    lines = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    seen = {line[1:] for line in lines if line.startswith("!")}
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line]
    assert {name for names in copied for name in names} == seen
    assert all((ROOT / name).exists() for name in seen)
    made = set(re.findall(r"--group=tuner (.*)$", text, re.MULTILINE)[0].split())
    volumes = {part.split(":")[1 if ":" in part else 0] for name in OURS for part in services[name].get("volumes", [])}
    assert volumes == made, "a volume takes the owner of the folder that it covers"


def test_ray_waits_for_large_data_as_long_as_on_slurm() -> None:
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    [(name, value)] = PULL_TIMEOUT.items()
    assert f"ENV {name}={value}" in lines
    assert f"{name}\0".encode() in RAYLET.read_bytes(), "Ray has this setting under this name"


def test_what_the_compose_file_names_is_there(secrets: dict[str, str]) -> None:
    file = read_compose("compose.yaml", secrets)
    services = file["services"]
    for name, service in services.items():
        assert set(service["networks"]) <= set(file["networks"])
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] not in "/."}
        assert named <= set(file["volumes"])
        assert set(service.get("depends_on", [])) <= set(services)
        assert service["healthcheck"]["test"][0] == "CMD"
        assert "ulimits" not in service, "a limit above the machine's own is refused"
        text = json.dumps([service.get("command"), service.get("environment")])
        for other in re.findall(rf"\b({'|'.join(services)}):\d", text):
            assert other == name or set(services[other]["networks"]) & set(service["networks"]), (name, other)
        assert ("build" in service) == (name in OURS)
        assert name not in OURS or (ROOT / service["build"]["dockerfile"]).exists()
    assert not set(services["worker"]["networks"]) & set(services["postgres"]["networks"])
    gpu = read_compose("compose.gpu.yaml", {})["services"]
    assert set(gpu) == set(OURS)
    assert {service["image"] for service in gpu.values()} == {"tuner:cuda"}


def test_all_is_published_on_this_machine_alone(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == [f"127.0.0.1:{port}:{port}" for port in (5000, 8265, 8700)]


def test_every_variable_without_a_default_is_one_that_the_script_makes(secrets: dict[str, str]) -> None:
    text = "".join((DOCKER / name).read_text(encoding="utf-8") for name in FILES)
    needed = {found["name"] for found in VARIABLE.finditer(text) if found["kind"] != "-"}
    newer = {"TUNER_SERVE_TOKEN"}  # a file of secrets that is older has none, and the other services begin without it
    assert needed == set(secrets) - {"RAY_AUTH_MODE"} - newer
    first = {found["name"]: found["kind"] for found in reversed(list(VARIABLE.finditer(text)))}
    assert {first[name] for name in needed} == {"?"}, "an empty secret is refused"


def test_the_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "with space")]
    made = []
    for folder in folders:
        folder.mkdir()
        before = os.umask(0)  # whatever the umask is
        try:
            made.append(make_secrets(folder))
        finally:
            os.umask(before)
        assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
        content = (folder / ".env").read_bytes()
        assert make_secrets(folder) == made[-1]
        assert (folder / ".env").read_bytes() == content
        assert {each.name for each in folder.iterdir()} == {".env", "secrets.sh"}
    assert re.fullmatch("[0-9a-f]{64}", made[0]["RAY_AUTH_TOKEN"])
    same = {name for name in made[0] if made[0][name] == made[1][name]}
    assert same == {"RAY_AUTH_MODE", "POSTGRES_USER", "MLFLOW_TRACKING_USERNAME"}
    assert all(len(value) >= 32 for name, value in made[0].items() if name not in same)


def test_the_file_about_logins_is_private_and_takes_any_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_from_file_location("mlflow_server_of_docker", DOCKER / "mlflow_server.py")
    assert spec is not None
    assert spec.loader is not None
    server = module_from_spec(spec)
    spec.loader.exec_module(server)
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = {"POSTGRES_USER": "u", "POSTGRES_PASSWORD": "p@:/%s #", "POSTGRES_ADDRESS": "postgres:5432"}
    (tmp_path / ".mlflow-logins.ini").touch(mode=0o644)
    path = server.write_settings(environment)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parsed = configparser.ConfigParser()
    parsed.read(path)
    url = make_url(parsed["mlflow"]["database_uri"])
    assert (url.password, url.host, url.port, url.database) == ("p@:/%s #", "postgres", 5432, "mlflow_auth")


def test_kubernetes_runs_the_same_services(
    services: dict[str, Any], secrets: dict[str, str], manifests: dict[tuple[str, str], Any]
) -> None:
    ray, group = (
        manifests["RayCluster", "tuner"]["spec"],
        manifests["RayCluster", "tuner"]["spec"]["workerGroupSpecs"][0],
    )
    head, worker = (spec["template"]["spec"] for spec in (ray["headGroupSpec"], group))
    mlflow = manifests["Deployment", "mlflow"]["spec"]["template"]["spec"]
    postgres = manifests["StatefulSet", "postgres"]["spec"]["template"]["spec"]
    pods = {"head": head, "worker": worker, "mlflow": mlflow, "postgres": postgres}
    injected = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"}  # by KubeRay
    for name, pod in pods.items():
        container = pod["containers"][0]
        assert container["image"] == services[name]["image"]
        given = {each["name"]: each for each in container["env"] if each["name"] != "PGDATA"}
        wanted = services[name]["environment"]
        assert set(given) == set(wanted) - injected
        for variable, each in given.items():
            secret = each.get("valueFrom", {}).get("secretKeyRef")
            assert (secrets[secret["key"]] if secret else each["value"]) == wanted[variable], variable
            assert secret is None or secret["name"] == "tuner"
        claims = [
            each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if "persistentVolumeClaim" in each
        ]
        assert all(("PersistentVolumeClaim", claim) in manifests for claim in claims)
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert mounted == {each["name"] for each in pod["volumes"]} | ({"database"} & mounted)
        assert name == "postgres" or pod["securityContext"]["runAsUser"] == 1000
    assert mlflow["containers"][0]["command"] == services["mlflow"]["command"]
    for name, spec in {"head": ray["headGroupSpec"], "worker": group}.items():
        start = {option: value.strip('"').replace("\\", "") for option, value in spec["rayStartParams"].items()}
        words = [f"--{option}={value}" for option, value in start.items()]
        assert flags(words) == flags(services[name]["command"])
        assert json.loads(start["resources"])["tuner"] == 1
    ports = {name: manifests["Service", name]["spec"]["ports"][0]["port"] for name in ("mlflow", "postgres")}
    assert ports == {"mlflow": 5000, "postgres": 5432}
    assert ray["authOptions"] == {"mode": "token", "secretName": "tuner-token"}
    assert f"ray=={ray['rayVersion']}" in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert manifests["ConfigMap", "tuner-logins"]["data"] == {"logins.sql": statements(DOCKER / "logins.sql")}
    [logins] = [each for each in services["postgres"]["volumes"] if each.startswith("./")]
    assert logins == "./logins.sql:/docker-entrypoint-initdb.d/logins.sql:ro"


def test_a_served_model_is_the_same_in_compose_and_as_an_object_of_kubernetes(
    services: dict[str, Any], secrets: dict[str, str], manifests: dict[tuple[str, str], Any]
) -> None:
    service = yaml.safe_load((DOCKER / "rayservice.yaml").read_text(encoding="utf-8"))
    assert (service["apiVersion"], service["kind"]) == ("ray.io/v1", "RayService")
    config = yaml.safe_load(service["spec"]["serveConfigV2"])
    [application] = ServeDeploySchema.model_validate(config).applications
    module, _, function = application.import_path.partition(":")
    assert callable(getattr(import_module(module), function))
    name = service["metadata"]["name"]
    assert (application.name, application.route_prefix, application.args["model"]) == (name, f"/{name}", name)
    command = services["serve"]["command"]
    assert command[:3] == ["tuner", "serve", name]
    assert f"--port={config['http_options']['port']}" in command
    assert services["serve"]["healthcheck"]["test"][-1] == f"http://head:{config['http_options']['port']}/{name}/ping"
    assert services["serve"]["profiles"] == ["serve"]
    assert services["serve"]["environment"]["TUNER_SERVE_TOKEN"] == secrets["TUNER_SERVE_TOKEN"]
    sweeps, models = manifests["RayCluster", "tuner"]["spec"], service["spec"]["rayClusterConfig"]
    assert [sweeps[key] for key in ("rayVersion", "authOptions")] == [
        models[key] for key in ("rayVersion", "authOptions")
    ]
    pairs = [
        (sweeps["headGroupSpec"], models["headGroupSpec"]),
        (sweeps["workerGroupSpecs"][0], models["workerGroupSpecs"][0]),
    ]
    for old, new in pairs:
        own = {"resources", "object-store-memory"}  # no drivers and trials of sweeps run there
        expected = {option: value for option, value in old["rayStartParams"].items() if option not in own}
        assert {option: value for option, value in new["rayStartParams"].items() if option not in own} == expected
        [before], [now] = (spec["template"]["spec"]["containers"] for spec in (old, new))
        assert (now["name"], now["image"]) == (before["name"], before["image"])
        assert [each for each in now["env"] if each["name"] != "TUNER_SERVE_TOKEN"] == before["env"]
        assert len(now["env"]) == len(before["env"]) + 1
        assert now["livenessProbe"]["httpGet"] == before["livenessProbe"]["httpGet"]
        assert {"name": "serve", "containerPort": 8700} in now["ports"]
        spec = new["template"]["spec"]
        assert spec["securityContext"] == old["template"]["spec"]["securityContext"]
        assert {each["name"] for each in now["volumeMounts"]} == {each["name"] for each in spec["volumes"]}


def test_ray_up_takes_its_file_and_starts_the_same(services: dict[str, Any], secrets: dict[str, str]) -> None:
    file = yaml.safe_load((DOCKER / "cluster.yaml").read_text(encoding="utf-8"))
    complete = prepare_config(file)
    validate_config(complete)
    assert complete["max_workers"] == 2
    for name in ("head", "worker"):
        command = complete[f"{name}_start_ray_commands"][-1]
        assert flags(shlex.split(command)) == flags(services[name]["command"])
        assert f"MLFLOW_TRACKING_URI=http://{file['provider']['head_ip']}:5000;" in command
        assert not any(value in command for value in secrets.values() if len(value) > 8)
    assert file["docker"]["image"] == "tuner:cuda"


def test_the_page_names_what_is_there(services: dict[str, Any]) -> None:
    text = (DOCKER / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([\w.]+)\)", text))
    assert {"compose.yaml", "kuberay.yaml", "rayservice.yaml", "cluster.yaml"} <= linked
    named = linked | {path.rstrip(".") for path in re.findall(r"\bdocker/([\w.]+)", text)} - {".env"}
    assert all((DOCKER / name).exists() for name in named), named
    defaults = {found["name"]: found["rest"] for found in VARIABLE.finditer((DOCKER / "compose.yaml").read_text())}
    for name, value in re.findall(r"`([A-Z_]+)=(\d\w*)`", text):
        assert name in defaults
        assert defaults[name] == value, name
    said = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    published = [port.split(":")[1] for service in services.values() for port in service.get("ports", [])]
    assert set(published) <= set(said)
