"""The Python that tutorials show: walk the type tags, json, base64. And the same by boto3's
TypeDeserializer."""

import base64
import json
from decimal import Decimal


def number(text):
    return float(text) if "." in text or "E" in text or "e" in text else int(text)


def plain_value(value):
    ((tag, inner),) = value.items()
    if tag in ("S", "B", "BOOL"):
        return inner
    if tag == "N":
        return number(inner)
    if tag == "NULL":
        return None
    if tag == "M":
        return {name: plain_value(member) for name, member in inner.items()}
    if tag == "L":
        return [plain_value(element) for element in inner]
    if tag == "NS":
        return [number(element) for element in inner]
    return list(inner)


def tutorial(image):
    return {name: plain_value(value) for name, value in image.items()}


def boto3():
    from boto3.dynamodb.types import TypeDeserializer

    deserialize = TypeDeserializer().deserialize
    return lambda image: {name: deserialize(value) for name, value in image.items()}


def not_json(value):
    """What boto3 returns and json can't write."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set):
        return list(value)
    raise TypeError(type(value))


def handler_by(unmarshall):
    def handler(event):
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
            encoded = base64.b64encode(data.encode()).decode()
            output.append({"recordId": record["recordId"], "result": "Ok", "data": encoded})
        return {"records": output}

    return handler


def load(peer):
    """Bytes of an event to bytes of a response, as Lambda's runtime does it around a handler."""
    handler = handler_by(tutorial if peer == "python" else boto3())
    return lambda event: json.dumps(handler(json.loads(event))).encode()
