"""What the demo, the benches, the checks in .ci and the tests on Spark share.

console, process    what a program prints; other programs, started so that none is left behind
machine, venv       what must be on this machine; a virtual environment of its own for each program
build               the function's package and the command line, built in one place
gate                the steps of .ci/run, beside each other if they don't disturb each other
changes, contract   DynamoDB changes to write; the rows that they must become (the oracle)
ddl                 the SQL of `dynalake ddl`, and whether all that is made from a schema agrees
emulator, terraform AWS on this machine, and what is applied to it
lake                what arrived: objects, rows, notifications, metrics
runtime_api         Lambda's Runtime API, for one function

Imports point down this list's reading order only: `contract` knows no emulator, `process` knows
nothing of this project.

`python3 python` imports `venv`, `build` and `gate`, with all that is before them in the list, and
no virtual environment exists yet. So these six use the standard library only. Python 3.9 has to
understand them: where the PATH has a later Python too, an old one may start a program, and `venv`
then looks for the later one. `.ci/run` itself asks for 3.11.
"""
