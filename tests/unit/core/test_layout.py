"""What import-linter cannot see: what a worker loads, and what models and datasets, which lie elsewhere, import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RAY = ("ray", "ray.tune", "ray.train.torch", "torch")
WORKER = ("tuner.execution.worker", "tuner.execution.multi_gpu")
NOT_IN_A_WORKER = ("optuna", "mlflow", "rich", "typer", "tuner.search", "tuner.tracking", "tuner.report")
FOR_AUTHORS = ("tuner.data", "tuner.core.errors", "tuner.core.files", "tuner.core.environment")
FOR_HELPERS = ("tuner.data", "tuner.core")  # ours: nobody starts from a copy of them


def loaded(*modules: str) -> set[str]:
    """All modules that a new process has after it has imported these."""
    code = f"import sys, {', '.join(modules)}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_a_worker_loads_nothing_that_only_the_driver_needs() -> None:
    """Each worker would take longer to start, and more memory."""
    brought = loaded(*RAY, *WORKER) - loaded(*RAY)
    assert brought.issuperset(WORKER)
    assert [module for module in sorted(brought) if within(module, NOT_IN_A_WORKER)] == []


@pytest.mark.parametrize(
    "module",
    ["tuner.data", "tuner.data.source", "tuner.core.callback", "tuner.search.controller", "tuner.sweeps.status"],
)
def test_what_only_looks_or_decides_does_not_wait_for_torch(module: str) -> None:
    assert "torch" not in loaded(module)


def imports(file: Path) -> Iterator[str]:
    """What a file imports, wherever in it: modules, and the names that are taken from a package."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            plain = module in ("tuner", "tuner.core")  # where the names are modules
            yield from (f"{module}.{alias.name}" for alias in node.names) if plain else (module,)


HELPER = re.compile(r"\.+(_|from_)")  # beside them: a helper, or a format of users' own data


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_models_and_datasets_import_only_what_their_authors_are_promised(kind: str) -> None:
    """So a user's own file can be put beside them, and the rooms above can change."""
    files = sorted((ROOT / kind).glob("**/*.py"))
    assert len(files) > 5
    found = {
        file.name: [name for name in imports(file) if within(name, ("tuner",)) or name[0] == "."] for file in files
    }
    assert any(found.values())
    deeper: dict[str, list[str]] = {}
    for name, names in found.items():
        allowed = FOR_HELPERS if HELPER.match(f".{name}") else FOR_AUTHORS
        wrong = [each for each in names if not within(each, allowed) and not HELPER.match(each)]
        deeper |= {name: wrong} if wrong else {}
    assert deeper == {}
    assert [name for names in found.values() for name in names if name.startswith("..")] == []


def test_the_wheel_has_every_package() -> None:
    """Setuptools finds no packages by itself where some lie elsewhere."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["setuptools"]["packages"]
    here = {".".join(init.parent.relative_to(ROOT).parts) for init in (ROOT / "tuner").rglob("__init__.py")}
    elsewhere = {"tuner_start", "tuner.models", "tuner.datasets", "tuner.search_spaces"}
    assert set(listed) == here | elsewhere
    assert len(listed) == len(set(listed))
