"""How large the typical table's file is, beside what pyarrow writes of the same table."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from .cases import Case

# Ours against pyarrow's.
MOST = 1.05


def differences(files: Path, work: Path) -> tuple[list[str], str]:
    """What is too large, and what the sizes are."""
    case = Case(files / "typical", "int96")
    other = work / "typical-by-pyarrow.parquet"
    # Firehose's form, and nothing that only pyarrow reads.
    pq.write_table(
        pq.ParquetFile(case.file).read(),
        other,
        compression="snappy",
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )
    ours, theirs = case.file.stat().st_size, other.stat().st_size
    said = (
        f"{len(case.lines):,} rows, ours {ours:,} bytes, pyarrow's {theirs:,}: "
        f"{ours / theirs:.3f} times"
    )
    return ([] if ours <= MOST * theirs else [f"{said}, over {MOST}"]), said
