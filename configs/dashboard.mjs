// A client over WebSocket, as Node-RED or a page is one, with mqtt.js (npm install mqtt):
//   node configs/dashboard.mjs ws://127.0.0.1:8080/mqtt 'sensors/#'
// Prints each reading as a line. It has a session, so what is published while it is away is printed when it is back.
import mqtt from 'mqtt';

const [url = 'ws://127.0.0.1:8080/mqtt', filter = 'sensors/#'] = process.argv.slice(2);
const client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId: 'dashboard',
    clean: false,
    properties: { sessionExpiryInterval: 24 * 3600 },
    reconnectPeriod: 1000,
    // username: 'dashboard', password: 'secret',
});
client.on('connect', (connack) => {
    if (!connack.sessionPresent) client.subscribe(filter, { qos: 1 });
    console.log(`connected to ${url}`);
});
client.on('message', (topic, payload) => console.log(`${topic} ${payload}`));
client.on('error', (error) => console.error(String(error)));
