"""The Lambda function of the tutorials that a Kinesis stream calls: json, boto3's TypeDeserializer,
pyarrow, and put_object.

direct.py FOLDER NAME    answers Lambda's Runtime API; the schema is NAME.schema.json in FOLDER
"""

import base64
import http.client
import json
import os
import sys

import boto3
import pyarrow
from files import Input


class Batch(Input):
    """The columns of `files`, and records of a Kinesis event."""

    def file(self, event):
        self.records = [
            (record["kinesis"]["sequenceNumber"], base64.b64decode(record["kinesis"]["data"]))
            for record in event["Records"]
        ]
        return self.made_by_python().to_pybytes()


def main(folder, name):
    batch = Batch(folder, name)
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"])
    bucket = os.environ["DYNALAKE_BUCKET"]
    pyarrow.set_cpu_count(1)
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        response = api.getresponse()
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(response.read())
        s3.put_object(
            Bucket=bucket, Key=f"data/orders/{request_id}.parquet", Body=batch.file(event)
        )
        path = f"/2018-06-01/runtime/invocation/{request_id}/response"
        api.request("POST", path, b'{"batchItemFailures": []}')
        api.getresponse().read()


if __name__ == "__main__":
    main(*sys.argv[1:])
