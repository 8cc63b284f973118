# The index of what there is to run (https://just.systems). Each line works without `just` too.

# What there is.
default:
    @just --list --unsorted

# Formats Rust, Python and Terraform.
fmt:
    cargo fmt
    cargo fmt --manifest-path benches/Cargo.toml
    cargo fmt --manifest-path fuzz/Cargo.toml
    python3 python --install python
    target/python/venv/bin/ruff format .
    target/python/venv/bin/ruff check --fix .
    terraform fmt -recursive terraform

# What is quick and finds most: the loop while working on it.
check: (ci "format" "python" "clippy" "tests")

# The gate, or some steps of it: `just ci`, `just ci terraform bundle`.
ci *STEPS:
    bash .ci/run {{ STEPS }}

# The steps of the gate, and how long each took last time.
steps:
    bash .ci/run --list

# What takes too long for the gate.
deep:
    bash .ci/run deep

# The whole pipeline at work on this machine: `just demo --keep`.
demo *ARGUMENTS:
    python3 demo {{ ARGUMENTS }}

# Speed beside what one would use instead: `just bench --workloads typical`.
bench *ARGUMENTS:
    python3 benches {{ ARGUMENTS }}

# The Databricks pipeline on Spark, small: `just spark --changes 100000` is the gate's size.
spark *ARGUMENTS="--changes 2000 --seeds 1":
    python3 databricks/tests {{ ARGUMENTS }}

# The function's package for AWS Lambda.
package *ARGUMENTS:
    python3 package.py {{ ARGUMENTS }}

# Writes the expected files of the fixtures from what the code gives, and shows what changed.
fixtures:
    DYNALAKE_BLESS=1 cargo test --test fixtures
    git diff --stat fixtures
