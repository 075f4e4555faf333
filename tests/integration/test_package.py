"""What is installed: the wheel, in a fresh environment, holds the engine and the whole catalog."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

from tuner.core import catalog

ROOT = Path(__file__).parents[2]
CATALOG: tuple[catalog.Kind, ...] = ("datasets", "models", "search_spaces")


def test_the_wheel_installs_in_a_fresh_environment_and_lists_the_catalog(tmp_path: Path) -> None:
    """Without its dependencies, which `tuner list` does not need beyond typer and platformdirs."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.split("/")[0] in (*CATALOG, "tests")]
    assert {"tuner_start/__init__.py", "tuner/_entry/__init__.py"} <= set(names), "the command, and python -m tuner"
    shipped = {
        to + str(path.relative_to(ROOT / source))
        for source, to in (("tuner", "tuner/"), *((name, f"tuner/{name}/") for name in CATALOG))
        for pattern in ("*.py", "*.toml")
        for path in (ROOT / source).rglob(pattern)
    }
    assert not shipped - set(names), "a package that pyproject.toml does not list"
    templates = {path.name for path in (ROOT / "tuner/report/templates").iterdir()}
    assert "page.html" in templates
    assert {f"tuner/report/templates/{name}" for name in templates} <= set(names)
    assert {f"tuner/sweeps/starts/{name}.py.txt" for name in ("model", "dataset")} <= set(names)
    venv.create(tmp_path / "fresh", with_pip=True)
    python = str(tmp_path / "fresh/bin/python")
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, cwd=tmp_path)
    code = "from tuner.core import catalog; print([catalog.names(k) for k in ('datasets', 'models', 'search_spaces')])"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == str([catalog.names(kind) for kind in CATALOG])
    assert (
        "epochs"
        in subprocess.run(
            [python, "-c", "from tuner.core import catalog; print(catalog.search_space('digits', 'cnn'))"],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
        ).stdout
    )
