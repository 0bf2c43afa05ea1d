"""Ask PyTorch anew and write its answers down: `python -m tests.minigrad.record [test files]`.

The tests run once, whole files only; where minigrad disagrees they fail as always, which keeps nothing from being
recorded. Each file that used the oracle gets its recorded/<module>.json rewritten.
"""

from __future__ import annotations

import sys

import pytest

from tests.minigrad import oracle


def main() -> int:
    """Run the tests with the recorder on."""
    if oracle.pytorch is None:
        print(f"PyTorch {oracle.PYTORCH} is not installed: nothing can be recorded", file=sys.stderr)
        return 2
    files = sys.argv[1:] or ["tests/minigrad"]
    if any("::" in file or file.startswith("-") for file in files):
        print("record whole files: a part of one would lose the rest", file=sys.stderr)
        return 2
    oracle.recording = {}
    outcome = pytest.main(["-q", "--no-header", "--tb=short", *files])
    oracle.write_recordings()
    for module, cases in oracle.recording.items():
        print(f"recorded/{module}.json: {len(cases)} cases")
    return int(outcome)


if __name__ == "__main__":
    sys.exit(main())
