// Sessions, wills, retained messages and shared subscriptions with mqtt.js, at one QoS. In two parts, between which the broker may be killed:
//
//   node sessions.mjs --port 1883 --qos 1 --protocol 5 --part leave
//   node sessions.mjs --port 1883 --qos 1 --protocol 5 --part return
//
// Over WebSocket with --url ws://127.0.0.1:8080/mqtt. Prints 'ok' when everything was as it should be.
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';

const { values: options } = parseArgs({
    options: {
        port: { type: 'string', default: '1883' },
        url: { type: 'string' },
        qos: { type: 'string' },
        protocol: { type: 'string', default: '5' },
        part: { type: 'string' },
    },
});
const qos = Number(options.qos);
const five = options.protocol === '5';
const url = options.url ?? `mqtt://127.0.0.1:${options.port}`;
const root = `s${options.protocol}${qos}`;

async function connect(name, more = {}) {
    const client = mqtt.connect(url, {
        clientId: `${root}-${name}`,
        protocolVersion: Number(options.protocol),
        reconnectPeriod: 0,
        properties: five && more.clean === false ? { sessionExpiryInterval: 3600 } : undefined,
        ...more,
    });
    const received = [];
    client.on('message', (topic, payload, packet) => received.push(`${topic} ${payload} ${packet.qos}${packet.retain ? ' retained' : ''}`));
    const connack = await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
    return { client, received, present: connack.sessionPresent };
}

async function until(condition, what) {
    const deadline = Date.now() + 20_000;
    while (!condition()) {
        assert.ok(Date.now() < deadline, `waited in vain: ${what()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

async function gets(who, expected) {
    await until(() => who.received.length >= expected.length, () => `${JSON.stringify(who.received)} for ${JSON.stringify(expected)}`);
    assert.deepEqual(who.received, expected);
}

if (options.part === 'leave') {
    const sleeper = await connect('sleeper', { clean: false });
    assert.equal(sleeper.present, false);
    await sleeper.client.subscribeAsync(`${root}/kept/#`, { qos });
    await sleeper.client.endAsync();

    const publisher = await connect('publisher');
    for (let i = 0; i < 50; i++) await publisher.client.publishAsync(`${root}/kept/${i % 3}`, `${i}`, { qos });
    await publisher.client.publishAsync(`${root}/state`, 'first', { qos, retain: true });
    await publisher.client.publishAsync(`${root}/state`, 'last', { qos, retain: true });

    const workers = [await connect('worker-1'), await connect('worker-2')];
    for (const worker of workers) await worker.client.subscribeAsync(`$share/group/${root}/jobs`, { qos });
    for (let i = 0; i < 10; i++) await publisher.client.publishAsync(`${root}/jobs`, `${i}`, { qos });
    await until(() => workers[0].received.length + workers[1].received.length >= 10, () => 'ten jobs');
    assert.ok(workers.every((worker) => worker.received.length === 5), 'each has half of the jobs');
    for (const worker of workers) await worker.client.endAsync();

    const watcher = await connect('watcher');
    await watcher.client.subscribeAsync(`${root}/will`, { qos });
    const doomed = await connect('doomed', { will: { topic: `${root}/will`, payload: 'gone', qos, retain: false } });
    doomed.client.stream.destroy();
    await gets(watcher, [`${root}/will gone ${qos}`]);
    await watcher.client.endAsync();
    await publisher.client.endAsync();
} else {
    // Messages may come with the CONNACK, so the session's are counted from the first.
    const sleeper = await connect('sleeper', { clean: false });
    assert.equal(sleeper.present, true);
    // In QoS 0 nothing is kept for who is away.
    const kept = qos === 0 ? [] : Array.from({ length: 50 }, (_, i) => `${root}/kept/${i % 3} ${i} ${qos}`);
    await until(() => sleeper.received.length >= kept.length, () => `${sleeper.received.length} of ${kept.length}`);
    // The order holds for each topic (MQTT 5.0 section 4.6).
    const byTopic = (list) => [0, 1, 2].map((topic) => list.filter((line) => line.startsWith(`${root}/kept/${topic} `)));
    assert.deepEqual(byTopic(sleeper.received), byTopic(kept));
    sleeper.received.length = 0;
    const publisher = await connect('publisher');
    await publisher.client.publishAsync(`${root}/kept/0`, 'live', { qos });
    await gets(sleeper, [`${root}/kept/0 live ${qos}`]);
    await sleeper.client.endAsync();

    const reader = await connect('reader');
    await reader.client.subscribeAsync(`${root}/state`, { qos });
    await gets(reader, [`${root}/state last ${qos} retained`]);
    await publisher.client.publishAsync(`${root}/state`, '', { qos, retain: true });
    await reader.client.endAsync();
    await publisher.client.endAsync();
}
console.log('ok');
