// Asks /dashboard.json every two seconds while somebody looks, and shows it. No answer: says so and goes on asking.

import { shares, spark } from './dashboard_chart.js';
import { bytes, count, duration, element, isNumber, percent, untrusted } from './dashboard_text.js';

const everyMs = 2000, patienceMs = 8000, remembered = 150;
const place = (id) => document.getElementById(id);

// Redrawn only when it is different, so that a selection or a scrolled text stays.
const shown = new Map();
function changed(name, value) {
  const text = JSON.stringify(value);
  if (shown.get(name) === text) return false;
  shown.set(name, text);
  return true;
}

function tile(label, value, note) {
  const made = element('div', 'tile');
  made.append(element('span', '', label), element('b', '', value), element('small', '', note));
  return made;
}

function showTiles(data) {
  const { loop, accepted, staleness } = data;
  place('tiles').replaceChildren(
    tile('accuracy', percent(data.accuracy), 'held out, best ' + percent(loop.best_accuracy)),
    tile('accepted', percent(accepted.since_start), 'of all stored ' + percent(accepted.stored)),
    tile('staleness', staleness ? count(staleness.mean) : '–', staleness ? 'versions, at most ' + count(staleness.max) : 'versions'),
    tile('serving', loop.serving ? 'v' + loop.serving : '–', loop.verifier ? 'scored by v' + loop.verifier : 'no verifier yet'),
    tile('training step', count(loop.step), loop.plan_steps ? 'plan of ' + count(loop.plan_steps) : ''),
    tile('attempts', count(data.store.attempts), count(data.store.kept) + ' kept'));
}

function showHead(data) {
  const { loop } = data;
  place('run').textContent = [data.task, data.method, loop.uptime_s ? 'up ' + duration(1000 * loop.uptime_s) : ''].filter(Boolean).join(' · ');
  place('phase').textContent = loop.finished ? 'done' : loop.paused ? 'paused' : loop.draining ? 'draining' : loop.phase || 'starting';
  place('trouble').hidden = data.trouble.length === 0;
  place('trouble').textContent = data.trouble.join('; ');
  place('round').value = loop.round_size ? loop.round_done / loop.round_size : 0;
  place('round-text').textContent = loop.round_size
    ? `round ${loop.round}: ${count(loop.round_done)} of ${count(loop.round_size)} problems` : 'no round yet';
  document.title = (isNumber(data.accuracy) ? percent(data.accuracy) + ' · ' : '') + 'Autodidact';
}

function showAccuracy(data) {
  if (!changed('accuracy', data.versions)) return;
  const { generator, verifier } = data.versions;
  const line = (rows, key, what) => rows.map((row) => ({
    x: row.id, y: row[key], low: row[key + '_low'], high: row[key + '_high'], hollow: row.state === 'refused' && key === 'accuracy',
    tip: `v${row.id}, round ${row.round}, ${what}` + (row.k ? ` (k = ${row.k})` : '') + (row.state === 'refused' ? ', refused' : ''),
  }));
  const series = [
    { name: 'generator', color: 'generator', band: true, points: line(generator, 'accuracy', 'greedy') },
    { name: 'its Best-of-k', color: 'best', thin: true, points: line(generator, 'best', 'Best-of-k') },
    { name: 'its majority@k', color: 'majority', thin: true, points: line(generator, 'majority', 'majority@k') },
    { name: 'verifier, Best-of-k in validation', color: 'verifier', points: line(verifier, 'best_of_k', 'Best-of-k') },
  ];
  const ids = generator.concat(verifier).map((row) => row.id).sort((a, b) => a - b);
  shares(place('accuracy'), place('accuracy-legend'), series, ids.map((id) => ({ at: id, text: 'v' + id })),
    'No version has been evaluated yet.');
}

function showCandidates(data) {
  if (!changed('candidates', data.candidates)) return;
  const curve = data.candidates ? data.candidates.curve : [];
  const of = (name, key, color) => ({
    name, color, band: true,
    points: curve.filter((row) => row[key]).map((row) => ({
      x: Math.log2(row.k), y: row[key].value, low: row[key].low, high: row[key].high, tip: `k = ${row.k}, ${name}` })),
  });
  const series = [of('Pass@k', 'pass', 'pass'), of('Best-of-k', 'best', 'best'), of('weighted majority@k', 'weighted', 'weighted'),
    of('majority@k', 'majority', 'majority')];
  shares(place('candidates'), place('candidates-legend'), series, curve.map((row) => ({ at: Math.log2(row.k), text: String(row.k) })),
    'Nothing measured: eval.samples is 0, or no evaluation is done.');
}

const rates = [['attempts_per_s', 'attempts/s'], ['tokens_per_s', 'sampled tokens/s'], ['train_tokens_per_s', 'trained tokens/s'],
  ['steps_per_s', 'training steps/s']];
const past = new Map(rates.map(([key]) => [key, []]));
let lastUptime = 0;

function showRates(data) {
  if (data.loop.uptime_s < lastUptime) past.forEach((values) => values.splice(0));  // another life of the daemon
  lastUptime = data.loop.uptime_s;
  place('rates').replaceChildren(...rates.map(([key, label]) => {
    const values = past.get(key);
    values.push(isNumber(data.rates[key]) ? data.rates[key] : 0);
    if (values.length > remembered) values.shift();
    const made = element('div');
    made.append(element('b', '', count(data.rates[key])), ' ' + label, spark(values, remembered));
    return made;
  }));
}

function row(className, cells) {
  const made = element('tr', className);
  cells.forEach(([text, kind]) => made.append(element('td', kind, text)));
  return made;
}

function showRoles(data) {
  place('roles').replaceChildren(...data.roles.map((role) => {
    const state = role.state === 'working' ? 'busy' : role.state === 'restarting' ? 'stuck' : '';
    return row(state, [[role.role, ''], [role.state, ''], [role.waits_for || '', ''], [role.waits_for ? duration(role.waiting_ms) : '', 'n'],
      [role.restarts ? String(role.restarts) : '', 'n']]);
  }));
  place('stages').replaceChildren(...data.stages.map((stage) => row('', [[stage.stage, ''], [count(stage.pending), 'n'],
    [count(stage.held), 'n'], [count(stage.credits), 'n'], [count(stage.done), 'n']])));
  place('device').textContent = data.loop.device ? 'Device: ' + data.loop.device : '';
  place('limiter').textContent = isNumber(data.limiter_cursor) ? 'Ratio of draws to attempts: cursor ' + count(data.limiter_cursor) : '';
  const { store } = data;
  place('store').textContent = `${count(store.attempts)} attempts of ${count(store.problems)} problems: ${count(store.correct)} right, ` +
    `${count(store.wrong)} wrong, ${count(store.cannot_judge)} not judged; ${count(store.consumed)} draws for training; ` +
    `${bytes(store.free_bytes)} free` + (store.problem ? '. ' + store.problem : '');
}

function attempt(item, kind) {
  const made = element('article', 'attempt ' + kind);
  const head = element('p', 'head');
  const verdict = kind === 'kept' ? 'kept' : item.reason;
  head.append(element('span', 'verdict', verdict), item.outcome === 'cannot_judge' ? ' · not judged by ' : ` · judged ${item.outcome} by `, untrusted('span', '', item.checker, false),
    ` · attempt ${item.id}, v${item.version}, round ${item.round}` + (item.hinted ? ', with a hint' : ''));
  made.append(head, untrusted('p', 'problem', item.problem, item.problem_cut),
    untrusted('pre', 'rationale', item.rationale, item.rationale_cut));
  const answer = element('p', 'head');
  answer.append('answer ', untrusted('span', 'answer', item.answer || '(none)', item.answer_cut));
  if (item.reference) answer.append(', expected ', untrusted('span', 'reference', item.reference, item.reference_cut));
  made.append(answer);
  return made;
}

function showAttempts(data) {
  for (const kind of ['kept', 'rejected']) {
    if (!changed(kind, data[kind])) continue;
    const cards = data[kind].map((item) => attempt(item, kind));
    place(kind).replaceChildren(...(cards.length ? cards : [element('p', 'quiet', 'None yet.')]));
  }
}

function show(data) {
  showHead(data);
  showTiles(data);
  showAccuracy(data);
  showCandidates(data);
  showRates(data);
  showRoles(data);
  showAttempts(data);
}

let answered = Date.now(), asking = false, timer = 0;

function connection(text, kind) {
  place('connection').textContent = text;
  place('connection').className = 'pill ' + kind;
}

async function ask() {
  const reply = await fetch('/dashboard.json', { cache: 'no-store', signal: AbortSignal.timeout(patienceMs) });
  const data = await reply.json();
  if (!reply.ok) throw new Error(data.error ? data.error.message : 'status ' + reply.status);
  return data;
}

async function poll() {
  clearTimeout(timer);
  if (asking || document.hidden) return;  // shown again: visibilitychange calls
  asking = true;
  try {
    show(await ask());
    answered = Date.now();
    connection('live', 'good');
  } catch (error) {
    connection(`no answer for ${duration(Date.now() - answered)}, asking again`, 'bad');
    place('connection').title = String(error);
  }
  asking = false;
  timer = setTimeout(poll, everyMs);
}

document.addEventListener('visibilitychange', poll);
poll();
