"""The Python that tutorials show: walk the type tags, json, base64. `boto3`: by its TypeDeserializer.

    python3 transform.py plain|boto3 EVENT.json ROUNDS [RESPONSE.json]    prints milliseconds on the CPU a line
"""

import base64
import json
import sys
import time
from decimal import Decimal


def plain_value(value):
    (tag, inner), = value.items()
    if tag == "S" or tag == "B" or tag == "BOOL":
        return inner
    if tag == "N":
        return float(inner) if "." in inner or "e" in inner.lower() else int(inner)
    if tag == "NULL":
        return None
    if tag == "M":
        return {name: plain_value(member) for name, member in inner.items()}
    if tag == "L":
        return [plain_value(element) for element in inner]
    if tag == "NS":
        return [float(element) if "." in element else int(element) for element in inner]
    return list(inner)


def unmarshall_plain(image):
    return {name: plain_value(value) for name, value in image.items()}


def boto3_unmarshall():
    from boto3.dynamodb.types import TypeDeserializer

    deserializer = TypeDeserializer()
    return lambda image: {name: deserializer.deserialize(value) for name, value in image.items()}


def not_json(value):
    """What boto3 returns and json can't write."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set):
        return list(value)
    raise TypeError(type(value))


def handler(event, unmarshall):
    output = []
    for record in event["records"]:
        change = json.loads(base64.b64decode(record["data"]))
        image = change["dynamodb"]["Keys" if change["eventName"] == "REMOVE" else "NewImage"]
        row = unmarshall(image)
        row["_event_type"] = change["eventName"]
        row["_event_time"] = change["dynamodb"]["ApproximateCreationDateTime"]
        row["_event_id"] = change["eventID"]
        row["_table"] = change["tableName"]
        row["_sequence"] = record["kinesisRecordMetadata"]["sequenceNumber"]
        data = json.dumps(row, default=not_json) + "\n"
        output.append(
            {
                "recordId": record["recordId"],
                "result": "Ok",
                "data": base64.b64encode(data.encode()).decode(),
            }
        )
    return {"records": output}


def main():
    which, path, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    unmarshall = unmarshall_plain if which == "plain" else boto3_unmarshall()
    with open(path, "rb") as file:
        event = file.read()
    for _ in range(rounds):
        started = time.process_time()
        # The runtime's own part: bytes to event, response to bytes.
        response = json.dumps(handler(json.loads(event), unmarshall)).encode()
        print((time.process_time() - started) * 1e3, flush=True)
    if len(sys.argv) > 4:
        with open(sys.argv[4], "wb") as file:
            file.write(response)


main()
