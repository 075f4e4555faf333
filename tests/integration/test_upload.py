"""The package that goes along with a sweep to a cluster."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from tuner.core.package import copy_package, digest, unzipped_wheel


def test_the_package_that_goes_along_is_imported_in_place_of_another(tmp_path: Path) -> None:
    package, info = unzipped_wheel(tmp_path / "wheel")
    (package / "datasets" / "extra.py").write_text('"""More."""\n')
    code = "from tuner.core import catalog, package; import importlib.metadata as m; "
    code += "print('extra' in catalog.names('datasets'), m.version('tuner'), package.digest())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    found, version, other = done.stdout.split()
    assert (found, version) == ("True", importlib.metadata.version("tuner"))
    assert info.name == f"tuner-{version}.dist-info"
    assert other != digest()
    assert copy_package(tmp_path / "again").is_dir()
