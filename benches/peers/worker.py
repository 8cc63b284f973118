"""Runs the Python peers.

worker.py serve FOLDER    runs what each line of standard input names: PEER NAME [FILE]; answers by
                          the response's size
worker.py function PEER   is a Lambda function: a loop over the Runtime API by http.client, not AWS'
                          own
"""

import http.client
import os
import sys

from handler import load


def serve(folder):
    peers, events = {}, {}
    for line in sys.stdin:
        peer, name, *file = line.split()
        if peer not in peers:
            peers[peer] = load(peer)
        if name not in events:
            with open(f"{folder}/{name}.event.json", "rb") as opened:
                events[name] = opened.read()
        response = peers[peer](events[name])
        if file:
            with open(file[0], "wb") as opened:
                opened.write(response)
        print(len(response), flush=True)


def function(peer):
    handler = load(peer)
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    invocation = "/2018-06-01/runtime/invocation"
    while True:
        api.request("GET", f"{invocation}/next")
        answer = api.getresponse()
        response = handler(answer.read())
        request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        api.request("POST", f"{invocation}/{request_id}/response", response)
        api.getresponse().read()


if __name__ == "__main__":
    {"serve": serve, "function": function}[sys.argv[1]](sys.argv[2])
