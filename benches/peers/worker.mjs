// Node with @aws-sdk/util-dynamodb.
//
//   node worker.mjs serve FOLDER    runs what each line of standard input names: PEER NAME [FILE]; answers by the response's size
//   node worker.mjs function        is a Lambda function: a loop over the Runtime API by node:http, not AWS' own
//
// NODE_MODULES names the folder that has the package.

import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { unmarshall } = createRequire(`${process.env.NODE_MODULES}/`)("@aws-sdk/util-dynamodb");

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

// Bytes of an event to bytes of a response, as Lambda's runtime does it around a handler.
const respond = (event) => Buffer.from(JSON.stringify(handler(JSON.parse(event.toString("utf8")))));

async function serve(folder) {
  const events = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const [, name, file] = line.split(" ");
    if (!events.has(name)) events.set(name, readFileSync(`${folder}/${name}.event.json`));
    const response = respond(events.get(name));
    if (file) writeFileSync(file, response);
    process.stdout.write(`${response.length}\n`);
  }
}

async function runFunction() {
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const call = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = body ? { "Content-Length": body.length } : {};
      const request = http.request({ host, port, agent, method, path, headers }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts) }));
      });
      request.on("error", reject);
      request.end(body);
    });
  const invocation = "/2018-06-01/runtime/invocation";
  for (;;) {
    const { headers, body } = await call("GET", `${invocation}/next`);
    const id = headers["lambda-runtime-aws-request-id"];
    await call("POST", `${invocation}/${id}/response`, respond(body));
  }
}

await { serve, function: runFunction }[process.argv[2]](process.argv[3]);
