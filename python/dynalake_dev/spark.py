"""Spark as its Python package brings it: where it is, and how it is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def home(environment: Path) -> Path:
    """Spark's folder in a Python environment."""
    [found] = environment.glob("lib/python3*/site-packages/pyspark")
    return found


def submit(home: Path, master: str, conf: Mapping[str, str], *words: str) -> list[str]:
    """The command that starts Spark with these settings."""
    settings = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    return [str(home / "bin" / "spark-submit"), "--master", master, *settings, *words]


def environment(home: Path, around: Mapping[str, str]) -> dict[str, str]:
    """What is around, without the settings of another Spark."""
    kept = {
        name: value for name, value in around.items() if not name.startswith(("SPARK_", "PYSPARK_"))
    }
    return {**kept, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
