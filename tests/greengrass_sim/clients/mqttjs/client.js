// Sends requests one after the other and prints what is answered: node client.js OPTIONS COUNT, OPTIONS as JSON.
const fs = require("fs");
const path = require("path");
const mqtt = require(path.join(process.env.MQTTJS, "node_modules", "mqtt"));

const options = JSON.parse(process.argv[2]);
const count = Number(process.argv[3]);
for (const name of ["ca", "cert", "key"]) {
  if (options[name]) options[name] = fs.readFileSync(options[name]);
}
const client = mqtt.connect({ ...options, reconnectPeriod: 0 });
let answers = 0;

function ask() {
  client.publish("request/js", `js ${answers}`, { qos: 1 });
}

client.on("connect", () => client.subscribe("answer/js", { qos: 1 }, ask));
client.on("message", (topic, payload) => {
  console.log(`${topic} ${payload}`);
  answers += 1;
  if (answers < count) ask();
  else client.end();
});
client.on("error", (error) => {
  if (answers === count) return; // the broker may be faster than our goodbye
  console.error(error.message);
  process.exit(1);
});
