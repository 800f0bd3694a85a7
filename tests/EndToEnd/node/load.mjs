// Publishes QoS 1 readings with mqtt.js and writes down each one that was acknowledged.
//
//   node load.mjs --port 1883 --connections 50 --inflight 20 --count 100000 --run r1 --acked FILE
//
// Connection c publishes to sensors/{run}-{c}/n with the payload 0, 1, 2, ...; at most `inflight` are unacknowledged.
// Each acknowledged reading becomes the line "c seq" in FILE. A lost connection is not taken up again, so that an
// unacknowledged reading is not sent twice: what counts is what was acknowledged. The last line printed is JSON.
import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';

const { values: options } = parseArgs({
    options: {
        port: { type: 'string' },
        connections: { type: 'string', default: '50' },
        inflight: { type: 'string', default: '20' },
        count: { type: 'string', default: '100000' },
        run: { type: 'string', default: 'load' },
        acked: { type: 'string' },
        protocol: { type: 'string', default: '4' },
    },
});

const connections = Number(options.connections);
const each = Math.ceil(Number(options.count) / connections);
const out = createWriteStream(options.acked);
const result = { sent: 0, acked: 0, errors: 0, firstError: null };
const started = Date.now();

function publishAll(c) {
    return new Promise((resolve) => {
        const client = mqtt.connect(`mqtt://127.0.0.1:${options.port}`, {
            clientId: `${options.run}-${c}`,
            protocolVersion: Number(options.protocol),
            reconnectPeriod: 0,
            connectTimeout: 10_000,
        });
        let next = 0;
        let done = 0;
        let over = false;
        const finish = (error) => {
            if (over) return;
            over = true;
            if (error) {
                result.errors++;
                result.firstError ??= String(error.message ?? error);
                client.end(true, resolve);
            } else {
                client.end(false, resolve);
            }
        };
        const send = () => {
            const seq = next++;
            result.sent++;
            client.publish(`sensors/${options.run}-${c}/n`, String(seq), { qos: 1 }, (error) => {
                if (over) return;
                if (error) return finish(error);
                result.acked++;
                out.write(`${c} ${seq}\n`);
                if (++done === each) return finish();
                if (next < each) send();
            });
        };
        client.on('connect', () => {
            for (let i = 0; i < Number(options.inflight) && next < each; i++) send();
        });
        client.on('error', finish);
        client.on('close', () => finish(new Error('connection closed')));
    });
}

process.on('uncaughtException', (error) => {
    result.errors++;
    result.firstError ??= String(error);
});
await Promise.all(Array.from({ length: connections }, (_, c) => publishAll(c)));
await new Promise((resolve) => out.end(resolve));
result.seconds = (Date.now() - started) / 1000;
console.log(JSON.stringify(result));
process.exit(0);
