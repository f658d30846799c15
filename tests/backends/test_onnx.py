"""ONNX Runtime is told to be silent before it is loaded: a moment later it has begun to talk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import understudy


def test_no_telemetry_is_sent(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text(
        "import os\nprint(os.environ['ORT_DISABLE_TELEMETRY'])\nraise ImportError('seen')\n"
    )
    script = (
        "from understudy.backends.onnx import OnnxModel\n"
        "from understudy.errors import PluginError\n"
        "try:\n    OnnxModel(b'')\nexcept PluginError as error:\n    print(error)\n"
    )
    source = str(Path(understudy.__file__).parents[1])
    around = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{source}"}
    around["ORT_DISABLE_TELEMETRY"] = "0"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=around
    )
    assert ran.stdout.startswith("1\nONNX models: seen")
