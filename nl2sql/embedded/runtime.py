"""ONNX Runtime, kept from telling its maker about its use.

From 1.29 on its packages send events over the network and keep a number of the device in the home folder, unless they are told not to
before they are loaded: https://github.com/microsoft/onnxruntime/pull/27379.
"""

import os
from importlib import import_module
from typing import Any


def onnx_runtime(part: str = "") -> Any:
    """The package, or a module of it; nothing else loads it."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    return import_module(f"onnxruntime.{part}" if part else "onnxruntime")  # 0.1 s, paid by questions only
