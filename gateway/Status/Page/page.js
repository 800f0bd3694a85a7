// Asks for /status.json once a second and shows it. Everything that comes from outside is set as text, never as markup.
"use strict";

const byId = id => document.getElementById(id);
const set = (id, text) => { const node = byId(id); if (node.textContent !== text) node.textContent = text; };
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const count = n => whole.format(n).replaceAll(",", "\u202f");
const rate = n => n >= 100 ? count(n) : n.toFixed(1);
const ms = n => n === 0 ? "–" : n >= 100 ? `${Math.round(n)} ms` : `${n.toPrecision(2)} ms`;

function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

function span(seconds) {
  if (seconds < 0) return `in ${span(-seconds)}`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function showChart(history) {
  const width = 600, height = 90, points = 300;
  const peak = Math.max(1, ...history);
  set("peak", history.length ? `peak ${rate(Math.max(...history))} per second` : "");
  if (!history.length) return;
  const x = i => ((points - history.length + i + 1) / points) * width;
  const y = v => height - 2 - (v / peak) * (height - 8);
  const line = history.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  byId("line").setAttribute("d", line);
  byId("area").setAttribute("d", `${line}L${width} ${height}L${x(0).toFixed(1)} ${height}Z`);
}

function showHealth(health) {
  const words = { ok: "healthy", degraded: "degraded", failed: "cannot store readings" };
  const state = byId("state");
  state.className = health.status;
  set("state", words[health.status]);
  const list = byId("problems");
  list.hidden = health.problems.length === 0;
  list.replaceChildren(...health.problems.map(p => element("li", p.severity, `${p.part}: ${p.reason}`)));
}

function showSync(sinks) {
  if (sinks.length === 0) return;
  byId("sync").replaceChildren(...sinks.map(s => {
    const box = element("div", "upstream");
    const head = element("h3", "", s.name);
    head.append(element("span", s.state, s.state));
    const list = element("dl");
    for (const [term, value] of [["backlog", (s.backlog_is_known ? "" : "≤ ") + count(s.backlog)], ["sent", count(s.sent)], ["failures", count(s.failures)]]) {
      const row = element("div");
      row.append(element("dt", "", term), element("dd", "", value));
      list.append(row);
    }
    box.append(head, list, element("p", "path", s.upstream));
    return box;
  }));
}

function showSensors(sensors, nowUs) {
  byId("sensors").hidden = sensors.list.length === 0 && sensors.actuators.length === 0;
  set("sensor-count", sensors.count > sensors.list.length ? `${sensors.list.length} of ${count(sensors.count)}` : "");
  byId("sensor-rows").replaceChildren(
    ...sensors.list.map(s => {
      const row = element("tr");
      const fault = s.last_fault ? `${s.faults}: ${s.last_fault} (${span((nowUs - s.last_fault_us) / 1e6)} ago)` : "";
      row.append(element("td", "", s.name), element("td", "", s.kind), element("td", s.quality, s.quality), element("td", "number", count(s.good)),
        element("td", "number", count(s.failed)), element("td", "number", count(s.missed)), element("td", "path", fault));
      return row;
    }),
    ...sensors.actuators.map(a => {
      const row = element("tr");
      row.append(element("td", "", a.name), element("td", "", "output"), element("td", a.is_on === null ? "fault" : "", a.is_on === null ? "cannot be set" : a.is_on ? "on" : "off"),
        element("td"), element("td"), element("td"), element("td"));
      return row;
    }));
}

const rows = new Map();

function showLatest(status) {
  const body = byId("latest");
  if (status.latest.length === 0) return;
  set("series", status.series_seen > status.latest.length ? `${status.latest.length} of ${count(status.series_seen)} series` : `${count(status.series_seen)} series`);
  if (rows.size === 0) body.replaceChildren();
  const seen = new Set();
  let previous = null;
  for (const r of status.latest) {
    const key = `${r.device}\u0000${r.metric}`;
    seen.add(key);
    let row = rows.get(key);
    if (!row) {
      row = { node: element("tr"), ts: 0 };
      row.cells = ["", "", "number value", "", "number age"].map(c => element("td", c));
      row.node.append(...row.cells);
      rows.set(key, row);
    }
    const texts = [r.device, r.metric, r.is_text ? `“${r.value}”` : r.value, r.unit ?? "", span((status.now_us - r.ts_us) / 1e6)];
    texts.forEach((text, i) => { if (row.cells[i].textContent !== text) row.cells[i].textContent = text; });
    row.node.classList.toggle("fresh", row.ts !== 0 && row.ts !== r.ts_us);
    row.ts = r.ts_us;
    if ((previous ? previous.nextSibling : body.firstChild) !== row.node) body.insertBefore(row.node, previous ? previous.nextSibling : body.firstChild);
    previous = row.node;
  }
  for (const [key, row] of rows) if (!seen.has(key)) { row.node.remove(); rows.delete(key); }
}

function show(s) {
  document.title = `${s.gateway} – Sluice`;
  set("gateway", s.gateway);
  showHealth(s.health);
  set("rate", rate(s.readings.per_second));
  set("total", count(s.readings.in_database));
  set("stored", count(s.readings.stored));
  set("dead", count(s.readings.dead_letters));
  set("failed", count(s.readings.failed));
  set("clients", count(s.mqtt.clients));
  set("subscriptions", count(s.mqtt.subscriptions));
  set("mqtt-in", `${count(s.mqtt.messages_in)}  (${rate(s.mqtt.in_per_second)}/s)`);
  set("mqtt-out", count(s.mqtt.messages_out));
  set("dropped", count(s.mqtt.dropped + s.sensors.dropped));
  byId("dropped").title = Object.entries(s.mqtt.dropped_by_reason).map(([why, n]) => `${why.replaceAll("_", " ")}: ${count(n)}`).join("\n");
  set("commits", rate(s.commits.per_second));
  set("per-sync", s.commits.per_sync.toFixed(1));
  set("p50", ms(s.commits.p50_ms));
  set("p99", ms(s.commits.p99_ms));
  set("queues", s.writer_queues.length > 8 ? count(s.writer_queues.reduce((a, b) => a + b, 0)) : s.writer_queues.join(" · "));
  set("db-bytes", bytes(s.storage.database_bytes));
  set("log-bytes", bytes(s.storage.log_bytes));
  set("delta-bytes", bytes(s.storage.delta_bytes));
  set("checkpoints", count(s.storage.checkpoints));
  set("path", s.storage.path);
  showSync(s.sync);
  showSensors(s.sensors, s.now_us);
  showChart(s.history);
  showLatest(s);
  set("version", `sluice ${s.version}, up ${span(s.uptime_seconds)}`);
}

async function refresh() {
  try {
    const answer = await fetch("/status.json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    show(await answer.json());
  } catch {
    byId("state").className = "gone";
    set("state", "the gateway does not answer");
  }
  setTimeout(refresh, document.hidden ? 5000 : 1000);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) fetch("/status.json").then(a => a.json()).then(show).catch(() => {}); });
refresh();
