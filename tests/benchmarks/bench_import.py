"""What `import minigrad` costs: little beyond numpy's own import, measured in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks import Workload


def importing(name: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", f"import {name}"], check=True)


WORKLOADS = [
    Workload(
        "import minigrad, against import numpy",
        lambda torch: importing("minigrad"),
        goal=1.3,
        against=lambda: importing("numpy"),
        rounds=7,
    ),
]
