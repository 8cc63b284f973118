"""The emulator's process: ministack, started so that it is quick and never outlives its owner.

Four things differ from `python -m ministack`:

- Answers about resources that it leaves incomplete are completed (`emulator_gaps`), so that a
  second plan is as empty as on AWS.
- A call that is attempted again, as its answer was lost, happens once (`emulator_retries`).
- The standard library's HTTP server sends headers and body in two packets, and the kernel holds the
  second one until the first is acknowledged: 40 ms of nothing for each call of a Lambda function.
  One attribute of the standard library turns that off.
- With `--owned`, standard input is a pipe that the owner holds open and never writes to. When it
  ends, the owner is gone, whatever happened to it, and so this process ends too.
"""

import os
import signal
import socketserver
import sys
import threading

from . import emulator_gaps, emulator_retries


def _leave_with_owner() -> None:
    os.read(0, 1)
    # The group, as the Lambda function's processes are in it; it is this process' own.
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    if "--owned" in sys.argv:
        threading.Thread(target=_leave_with_owner, daemon=True).start()
    sys.argv = sys.argv[:1]
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    emulator_gaps.fill()

    from ministack import app

    app.app = emulator_retries.once(app.app)
    app.main()
