"""Scripts of deploy/, which is no package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from lab_code import ROOT

DEPLOY = ROOT / "deploy"


def script(name: str) -> ModuleType:
    """One of them, which may import the others."""
    sys.path.insert(0, str(DEPLOY))
    try:
        spec = importlib.util.spec_from_file_location(name, DEPLOY / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(DEPLOY))
