// Node with @aws-sdk/util-dynamodb.
//
//     node transform.mjs NODE_MODULES EVENT.json ROUNDS [RESPONSE.json]    prints milliseconds on the CPU a line

import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const [folder, path, rounds, out] = process.argv.slice(2);
const { unmarshall } = createRequire(`${folder}/`)("@aws-sdk/util-dynamodb");

// What unmarshall returns and JSON can't write.
const plain = (_, value) =>
  value instanceof Set ? [...value] : typeof value === "bigint" ? value.toString() : value;

function handler(event) {
  return {
    records: event.records.map((record) => {
      const change = JSON.parse(Buffer.from(record.data, "base64").toString("utf8"));
      const image = change.eventName === "REMOVE" ? change.dynamodb.Keys : change.dynamodb.NewImage;
      const row = unmarshall(image);
      row._event_type = change.eventName;
      row._event_time = change.dynamodb.ApproximateCreationDateTime;
      row._event_id = change.eventID;
      row._table = change.tableName;
      row._sequence = record.kinesisRecordMetadata.sequenceNumber;
      const data = Buffer.from(JSON.stringify(row, plain) + "\n").toString("base64");
      return { recordId: record.recordId, result: "Ok", data };
    }),
  };
}

const event = readFileSync(path);
let response;
for (let round = 0; round < Number(rounds); round++) {
  const started = process.cpuUsage();
  response = Buffer.from(JSON.stringify(handler(JSON.parse(event.toString("utf8")))));
  const used = process.cpuUsage(started);
  console.log((used.user + used.system) / 1000);
}
if (out) writeFileSync(out, response);
