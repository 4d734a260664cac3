"""The shape of the code: imports, file names, sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("crosscheck", "connectors", "warehouse", "expectations", "report", "flows", "sandbox")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_imports_point_upstream() -> None:
    """Every contract of import-linter holds."""
    command = [Path(sys.executable).parent / "lint-imports"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_flow_file_hides_a_package() -> None:
    """Prefect puts flows/ first on the path: no file there bears the name of a package or a standard module."""
    taken = set(PACKAGES) | set(sys.stdlib_module_names) | {"prefect", "pandas", "sqlalchemy"}
    assert not taken & {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    """No file has over 500 lines and no function over 60."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno < 60, f"{path.name}:{node.lineno} {node.name}"
