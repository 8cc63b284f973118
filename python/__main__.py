"""Starts a program of this repository in a virtual environment of its own, made the first time.

python3 python demo --test           what `python3 demo --test` does
python3 python --install checks      makes an environment, and prints its Python
python3 python --build-command-line FILE
                                     builds `dynalake`, and copies it there
python3 python --gate --list         what `.ci/run --list` does
"""

import sys
from pathlib import Path

from dynalake_dev import build, gate, venv

if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--build-command-line"] and len(words) == 2:
        sys.exit(build.command_line_to(Path(words[1]).resolve()))
    if words[:1] == ["--gate"]:
        sys.exit(gate.main(words[1:]))
    known = ", ".join(venv.ENVIRONMENTS)
    if words[:1] == ["--install"] and words[1:] and set(words[1:]) <= set(venv.ENVIRONMENTS):
        sys.exit(venv.install(words[1:]))
    if not words or words[0] not in venv.ENVIRONMENTS or not venv.ENVIRONMENTS[words[0]].module:
        sys.exit(f"{__doc__}\nThe environments are {known}.")
    sys.exit(venv.launch(words))
