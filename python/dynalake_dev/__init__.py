"""What the demo, the benches, the checks in .ci and the tests on Spark share.

console, process    what a program prints; other programs, started so that none is left behind
machine, venv       what must be on this machine; a virtual environment of its own for each program
build               the function's package and the command line, built in one place
changes, contract   DynamoDB changes to write; the rows that they must become (the oracle)
ddl                 the SQL of `dynalake ddl`, and whether all that is made from a schema agrees
emulator, terraform AWS on this machine, and what is applied to it
lake                what arrived: objects, rows, notifications, metrics
runtime_api         Lambda's Runtime API, for one function

Imports point down this list's reading order only: `contract` knows no emulator, `process` knows
nothing of this project. `console`, `process`, `machine` and `venv` run before a virtual environment
exists, so they use the standard library only; they must be understood by Python 3.9, which may
start a program where a later Python is on the PATH.
"""
