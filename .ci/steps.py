"""The steps of the gate, in the order in which they are begun: what others need first, then the
long ones. `.ci/run` runs them; python/dynalake_dev/gate.py says how.

Each step works alone, from a clean clone. Two steps that build into one folder have a lock in
common: cargo would let one wait for the other anyway.
"""

import os

from dynalake_dev.gate import Step
from dynalake_dev.machine import architecture

FUZZ_SECONDS = os.environ.get("FUZZ_SECONDS", "30")
BOOTSTRAP = f"dist/{architecture()}/bootstrap.zip"
DIRECT = f"dist/{architecture()}/direct.zip"
# Built once, and out of the way of the steps that build it with other features.
DYNALAKE = "target/ci/bin/dynalake"
# What other engines read.
PARQUET_FILES = "target/ci/parquet"

CARGO = ("rust",)
# The folders that cargo and `terraform init` write into, and the ports of the emulator.
DEBUG, BENCHES, TERRAFORM, EMULATOR = "target/debug", "benches/target", "terraform", "emulator"


def fuzz(seconds: str) -> str:
    """Builds the fuzzers, and runs each for so many seconds. What is new goes to a folder of the
    run's own, and no further."""
    return f"""
        if ! cargo fuzz --version; then cargo install cargo-fuzz --locked --version '^0.13'; fi
        # Its own lockfile must be up to date; cargo fuzz itself has no --locked.
        cargo metadata --locked --format-version=1 --manifest-path fuzz/Cargo.toml > /dev/null
        cargo +nightly fuzz build
        found=$(mktemp -d)
        trap 'rm -rf "$found"' EXIT
        for target in event change_record file row schema stream; do
            echo "fuzz: $target, {seconds} s"
            mkdir "$found/$target"
            log="$found/$target.log"
            if ! cargo +nightly fuzz run "$target" "$found/$target" "fuzz/seeds/$target" -- \\
                -dict=fuzz/dynalake.dict -max_total_time={seconds} -max_len=8192 -timeout=10 \\
                -rss_limit_mb=2048 -print_final_stats=1 > "$log" 2>&1; then
                tail -n 60 "$log"
                exit 1
            fi
            grep -E '^(Done|stat::)' "$log"
        done
    """


STEPS = [
    Step(
        "format",
        "Rust is formatted",
        """
        cargo --version
        cargo fmt --check
        cargo fmt --check --manifest-path fuzz/Cargo.toml
        cargo fmt --check --manifest-path benches/Cargo.toml
        """,
        tools=("rust", "rustfmt"),
    ),
    Step(
        "package",
        "the functions' packages are built, small, and run on provided.al2023",
        f"python3 package.py --arch {architecture()}",
        locks=("target/release",),
        tools=CARGO,
    ),
    Step(
        "python",
        "Python: format, ruff, mypy, pytest",
        """
        python3 --version
        python3 python --install python
        export PATH="$PWD/target/python/venv/bin:$PATH"
        ruff format --check .
        ruff check .
        mypy -p dynalake_dev -p demo
        mypy package.py databricks/src/dynalake_pipeline.py
        mypy databricks/without_pipelines/dynalake_merge.py erasure/erase_files.py
        mypy spark/dynalake_job.py
        python -m pytest --quiet
        """,
    ),
    Step(
        "docs",
        "links and anchors in Markdown, and what the pages have from the code",
        """
        python3 .ci/test_check_docs.py
        python3 .ci/check_docs.py
        """,
    ),
    Step(
        "command-line",
        "`dynalake` is built",
        f"""
        python3 python --build-command-line {DYNALAKE}
        """,
        locks=(DEBUG,),
        tools=CARGO,
    ),
    Step(
        "terraform",
        "format, validate, test, rejected schemas, SQL's columns, READMEs, checkov, precision",
        f"""
        terraform version
        python3 python --install checks
        DYNALAKE_PROGRAM=$PWD/{DYNALAKE} target/ci/venv/bin/python .ci/terraform.py
        target/ci/venv/bin/python .ci/precision.py
        """,
        needs=("command-line",),
        locks=(TERRAFORM,),
        tools=("rust", "terraform"),
    ),
    Step(
        "tests",
        "cargo test, and the examples",
        """
        cargo test --locked
        cargo run --quiet --locked --package dynalake --example one_change
        cargo run --quiet --locked --package dynalake --example event
        """,
        locks=(DEBUG,),
        # Fixes that an error names are tried.
        tools=(*CARGO, "jq"),
    ),
    Step(
        "wire",
        "the wire tests once more, of the packages as they are deployed",
        f"python3 .ci/wire.py {architecture()}",
        needs=("package",),
        locks=(DEBUG,),
        tools=CARGO,
    ),
    Step(
        "bundle",
        "the Databricks bundle, filled by Terraform, and faults planted in it",
        """
        python3 python --install checks
        target/ci/venv/bin/python .ci/bundle.py
        """,
        locks=(TERRAFORM,),
        tools=("terraform",),
    ),
    Step(
        "spark",
        "the Databricks pipeline on Spark, against a model of the DynamoDB tables",
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 databricks/tests",
        needs=("command-line",),
        tools=("rust", "jdk"),
    ),
    Step(
        "spark-job",
        "the Spark job on Spark 3.5.6, with faults: its rows are the command line's",
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 spark/tests --changes 10000",
        needs=("command-line",),
        tools=("rust", "jdk"),
    ),
    Step(
        "parquet-files",
        "Parquet files, and their rows as lines of JSON, for other engines",
        f"""
        rm -rf {PARQUET_FILES}
        cargo run --quiet --locked --package dynalake-parquet --example agreement_files \\
            -- {PARQUET_FILES}
        """,
        locks=(DEBUG,),
        tools=CARGO,
    ),
    Step(
        "parquet",
        "pyarrow, DuckDB and Spark read our Parquet files, also beside those of others; their size",
        f"""
        DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 databricks/tests/parquet --files {PARQUET_FILES}
        """,
        needs=("command-line", "parquet-files"),
        tools=("rust", "jdk"),
    ),
    Step(
        "clippy",
        "clippy, in all combinations of features that are built",
        """
        cargo clippy --all-targets --locked -- -D warnings
        cargo clippy --package dynalake --lib --no-default-features --locked -- -D warnings
        cargo clippy --package dynalake-cli --all-targets --no-default-features --locked \\
            -- -D warnings
        """,
        locks=(DEBUG,),
        tools=("rust", "clippy"),
    ),
    Step(
        "demo",
        "the demo with 1,000 changes: each value, an empty second plan, a schema change, destroy",
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 demo --test",
        needs=("package", "command-line"),
        locks=(EMULATOR,),
        tools=("linux", "rust", "terraform"),
    ),
    Step(
        "demo-direct",
        "the demo by the direct way: the same, from the table's own stream",
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 demo --via direct --test",
        needs=("package", "command-line"),
        locks=(EMULATOR,),
        tools=("linux", "rust", "terraform"),
    ),
    Step(
        "examples",
        "the root module and the other examples, applied; the rights that an apply needs",
        f"""
        python3 python --install demo
        # package.py, which it packs a schema with, is in the root; it checks the schema by
        # `dynalake`.
        DYNALAKE_PROGRAM=$PWD/{DYNALAKE} PYTHONPATH=. target/demo/venv/bin/python .ci/examples.py
        """,
        needs=("package", "command-line"),
        locks=(EMULATOR,),
        tools=("linux", "rust", "terraform", "jdk"),
    ),
    Step(
        "fuzz",
        f"six fuzzers, {FUZZ_SECONDS} s each",
        fuzz(FUZZ_SECONDS),
        locks=("fuzz/target",),
        tools=("rust", "nightly", "c++"),
    ),
    Step(
        "documentation",
        "rustdoc without warnings",
        """
        export RUSTDOCFLAGS="-D warnings"
        cargo doc --package dynalake --package dynalake-parquet --package dynalake-lambda \\
            --package dynalake-direct --lib --no-deps --locked
        """,
        locks=(DEBUG,),
        tools=CARGO,
    ),
    Step(
        "bars",
        "the package's memory over the largest events, and its start",
        f"""
        python3 python --install python
        target/python/venv/bin/python .ci/bars.py {BOOTSTRAP}
        """,
        needs=("package",),
        tools=("linux",),
    ),
    Step(
        "benches",
        "every peer runs and agrees, memory keeps its bar; report and chart fit the results",
        """
        python3 benches --render --check
        python3 benches --quick
        """,
        needs=("package",),
        locks=(BENCHES,),
        tools=("linux", "rust", "node"),
    ),
    Step(
        "instructions",
        "counted instructions are those that are kept",
        "python3 benches --instructions",
        locks=(BENCHES,),
        tools=("rust", "valgrind"),
    ),
    Step(
        "benches-clippy",
        "clippy on the benches",
        "cargo clippy --manifest-path benches/Cargo.toml --all-targets --locked -- -D warnings",
        locks=(BENCHES,),
        tools=("rust", "clippy"),
    ),
    # ---- what takes too long for the gate
    Step(
        "fuzz-long",
        "six fuzzers, five minutes each",
        # Ten times as long as in the gate; more would keep everyone from running `deep`.
        fuzz("300"),
        locks=("fuzz/target",),
        tools=("rust", "nightly", "c++"),
        is_deep=True,
    ),
    Step(
        "without-s3",
        "the command line without S3: other features, so all packages are built again",
        "cargo test --locked --package dynalake-cli --no-default-features",
        locks=(DEBUG,),
        tools=CARGO,
        is_deep=True,
    ),
    Step(
        "infer-large",
        "schemas of 100,000 random items: only what is reported is rescued",
        "DYNALAKE_ITEMS=100000 cargo test --locked --package dynalake-cli --test infer",
        locks=(DEBUG,),
        tools=CARGO,
        is_deep=True,
    ),
    Step(
        "direct-large",
        "the direct function with a million random changes, faults and kills",
        """
        DYNALAKE_CHANGES=1000000 cargo test --locked --package dynalake-direct random
        """,
        locks=(DEBUG,),
        tools=CARGO,
        is_deep=True,
    ),
    Step(
        "spark-large",
        "the Databricks pipeline on Spark, with two tables of 300,000 changes",
        # A table takes some ten minutes; more of them would keep everyone from running `deep`.
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 databricks/tests --changes 300000 --seeds 2",
        needs=("command-line",),
        tools=("rust", "jdk"),
        is_deep=True,
    ),
    Step(
        "spark-job-large",
        "the Spark job, with 100,000 changes and 20,000 items",
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 spark/tests",
        needs=("command-line",),
        tools=("rust", "jdk"),
        is_deep=True,
    ),
    Step(
        "parquet-older",
        "pyarrow 17 and Spark 3.5.6 read our Parquet files",
        f"python3 databricks/tests/parquet --older --files {PARQUET_FILES}",
        needs=("parquet-files",),
        tools=("rust", "jdk"),
        is_deep=True,
    ),
    Step(
        "demo-large",
        "the demo with 10,000 changes of another seed",
        f"DYNALAKE_PROGRAM=$PWD/{DYNALAKE} python3 demo --test --changes 10000 --seed 2",
        needs=("package", "command-line"),
        locks=(EMULATOR,),
        tools=("linux", "rust", "terraform"),
        is_deep=True,
    ),
    Step(
        "reproducible",
        "the packages have the same bytes when they are built elsewhere",
        f"python3 .ci/reproducible.py {BOOTSTRAP} {DIRECT}",
        needs=("package",),
        tools=CARGO,
        is_deep=True,
    ),
    Step(
        "arm64",
        "arm64 on x86_64: packages, the same bytes elsewhere, tests under qemu; what a release has",
        """
        if [ "$(uname -m)" != x86_64 ]; then
            echo "skipped: only x86_64 builds for another architecture, which is arm64"
            exit 77
        fi
        python3 package.py --arch arm64 --install
        python3 .ci/reproducible.py dist/arm64/bootstrap.zip dist/arm64/direct.zip
        python3 .ci/wire.py arm64
        python3 package.py --function dynalake --arch x86_64 --arch arm64
        python3 .ci/reproducible.py dist/x86_64/dynalake
        python3 .ci/release.py --out target/ci/release
        """,
        needs=("package",),
        locks=("target/release", DEBUG),
        tools=(*CARGO, "qemu"),
        is_deep=True,
    ),
]
