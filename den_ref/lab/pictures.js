// The pictures of the lab: SVG drawn from the numbers of mathematics.js, again whenever a slider moves.
"use strict";

// --- words and shapes -----------------------------------------------------------------------------------------------

const element = (id) => document.getElementById(id);
const language = () => document.documentElement.lang;
const say = (english, korean) => (language() === "ko" ? korean : english);
const slider = (room, name) => document.querySelector(`#${room} [name=${name}]`);
const asked = (room, ...names) => names.map((name) => Number(slider(room, name).value));
const short = (v) => (Number.isFinite(v) ? String(Number(v.toPrecision(3))) : "∞");
const fixed = (v) => Math.round(v * 100) / 100;

const tag = (name, attributes, ...inside) => `<${name}${Object.entries(attributes).map(([key, v]) =>
  ` ${key}="${v}"`).join("")}>${inside.flat(9).join("")}</${name}>`;
const svg = (width, height, title, ...parts) => tag("figure", {}, tag("figcaption", {}, title),
  tag("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title }, parts));
const line = ([x1, y1], [x2, y2], kind) =>
  tag("line", { x1: fixed(x1), y1: fixed(y1), x2: fixed(x2), y2: fixed(y2), class: kind });
const path = (points, kind) =>
  tag("path", { d: `M${points.map((p) => p.map(fixed).join(",")).join("L")}`, class: kind });
const dot = ([x, y], r, kind) => tag("circle", { cx: fixed(x), cy: fixed(y), r, class: kind });
const row = (head, ...cells) => tag("tr", {}, tag("th", {}, head), cells.map((cell) => tag("td", {}, cell)));

const show = (id, ...pictures) => { element(id).innerHTML = pictures.flat(9).join(""); };
const tell = (id, english, korean) => { element(id).textContent = say(english, korean); };

// A square of side 240 on which the plane from low to high is drawn, with its two axes.
function plane(low, high) {
  const place = (v) => 12 + (v - low) / (high - low) * 216, to = ([x, y]) => [place(x), 240 - place(y)];
  return { to, axes: [line(to([low, 0]), to([high, 0]), "axis"), line(to([0, low]), to([0, high]), "axis")] };
}

// The points of a circle around 0, turned into another curve, around a centre.
const circle = (centre, radius, turn = (v) => v) => range(65).map((i) => i / 32 * Math.PI).map((angle) =>
  turn([radius * Math.cos(angle), radius * Math.sin(angle)]).map((v, k) => v + centre[k]));

// --- why L1 gives exact zeros: the soft threshold, and the two balls ------------------------------------------------

const BOWL = { q: matrix(2, 2, Float64Array.of(1, 0.6, 0.6, 1)), centre: [0.4, 1.4] };
const bowlSlope = (w) => w.map((_, i) => sum(w.map((v, j) => at(BOWL.q, i, j) * (v - BOWL.centre[j]))));
const bowl = (w) => sum(bowlSlope(w).map((g, i) => g * (w[i] - BOWL.centre[i]))) / 2;

// argmin of the bowl plus a penalty, by ISTA with the penalty's prox.
function lowest(prox) {
  let w = Float64Array.from(BOWL.centre);
  for (let k = 0; k < 400; k++) w = prox(moved(w, bowlSlope(w), 0.6), 0.6);
  return [...w];
}

// A level of the bowl: an ellipse along the diagonals, where q has the eigenvalues 1.6 and 0.4.
const contour = (level) => circle(BOWL.centre, Math.sqrt(2 * level), ([a, b]) => {
  const [u, v] = [a / Math.sqrt(1.6), b / Math.sqrt(0.4)];
  return [(u + v) / Math.SQRT2, (u - v) / Math.SQRT2];
});

function ballPicture(w, ball, title) {
  const { to, axes } = plane(-1.6, 2.4);
  const levels = [0.15, 0.6, 1.2].map((level) => path(contour(level).map(to), "faint"));
  return svg(240, 240, `${title}: w = (${w.map(short).join(", ")})`, axes, levels,
    path(contour(bowl(w)).map(to), "one"), path(ball.map(to), "two area"), dot(to(BOWL.centre), 3, "ink"),
    dot(to(w), 5, "two"));
}

function drawShrinkage() {
  const [mu, gamma, z] = asked("shrinkage", "mu", "gamma", "z"), { to, axes } = plane(-3, 3), u = shrunk(z, mu);
  const curve = path([-3, -mu, mu, 3].map((v) => to([v, shrunk(v, mu)])), "one");
  const same = path([[-3, -3], [3, 3]].map(to), "faint");
  const moving = [line(to([z, 0]), to([z, u]), "faint"), dot(to([z, u]), 5, "two")];
  const l1 = lowest((w, step) => w.map((v) => shrunk(v, step * mu)));
  const whole = lowest((w, step) => groupShrunk(w, step * gamma));
  const size = Math.abs(l1[0]) + Math.abs(l1[1]);
  const diamond = [[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]].map((corner) => corner.map((v) => v * size));
  show("shrinkage-picture", svg(240, 240, `${say("Soft threshold", "소프트 임곗값")}: ${short(z)} → ${short(u)}`,
    axes, same, curve, moving), ballPicture(l1, diamond, say("L1 ball", "L1 공")),
    ballPicture(whole, circle([0, 0], norm(whole)), say("Norm ball", "노름 공")));
  const zeros = l1.filter((v) => v === 0).length, gone = whole.every((v) => v === 0);
  tell("shrinkage-words",
    `Exactly 0 under mu: ${zeros} of 2 weights; under gamma: ${gone ? "both, together" : "none"}.`,
    `정확히 0인 가중치: mu에서 2개 중 ${zeros}개, gamma에서 ${gone ? "둘이 함께" : "없음"}.`);
}

// --- ISTA, FISTA and Newton walk down two weights -------------------------------------------------------------------

// Eq. 3 on forty samples of two features that go together.
const HILL = (() => {
  const random = generator(5), x = random.draw(40, 2, 1);
  for (let i = 0; i < 40; i++) x.data[2 * i + 1] = 0.9 * x.data[2 * i] + 0.45 * x.data[2 * i + 1];
  const y = filled(40, 1, (i) => (at(x, i, 0) + 0.7 * random.normal() > 0 ? 1 : 0));
  return { f: headLoss(x, y), step: 4 * 40 / sum(x.data.map((v) => v * v)), start: Float64Array.of(-2.2, 2.6) };
})();

// Where a function on the plane crosses a level: two crossings on the sides of a small square are joined.
function levelLines(values, points, level) {
  const n = points.length - 1, corner = (i, j) => ({ p: [points[i], points[j]], v: values[i * (n + 1) + j] - level });
  return range(n * n).flatMap((cell) => {
    const [i, j] = [Math.floor(cell / n), cell % n];
    const corners = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
    const crossed = corners.flatMap((a, k) => {
      const b = corners[(k + 1) % 4], share = a.v / (a.v - b.v);
      return a.v * b.v < 0 ? [a.p.map((v, d) => v + share * (b.p[d] - v))] : [];
    });
    return crossed.length === 2 ? [crossed] : [];
  });
}

function drawWalk() {
  const [mu, steps] = asked("walk", "mu", "steps"), { to, axes } = plane(-3, 3), { f, start, step } = HILL;
  const objective = (w) => f(w).value + mu * (Math.abs(w[0]) + Math.abs(w[1])), slope = (w) => f(w).gradient;
  const newton = [start];
  while (newton.length < 9) newton.push(newtonStep(f, newton.at(-1), Float64Array.of(mu, mu), 1e-12));
  const best = newton.at(-1), lowestValue = objective(best);
  const ways = { ISTA: [start, ...fista(slope, mu, start, step, steps, false)],
    FISTA: [start, ...fista(slope, mu, start, step, steps)], Newton: newton.slice(0, steps + 1) };
  const points = range(25).map((i) => i / 4 - 3);
  const heights = points.flatMap((a) => points.map((b) => objective(Float64Array.of(a, b))));
  const levels = range(9).flatMap((i) => levelLines(heights, points, lowestValue + 0.02 * 1.9 ** i));
  const kinds = ["one", "two", "three"], drawn = Object.values(ways).map((way, i) => {
    const places = way.map((w) => to([...w]));
    return [path(places, kinds[i]), places.map((p) => dot(p, 2.5, kinds[i]))];
  });
  show("walk-picture", svg(240, 240, say("The plane of the two weights", "두 가중치의 평면"), axes,
    levels.map((piece) => path(piece.map(to), "faint")), drawn, dot(to([...best]), 5, "ink")));
  show("walk-numbers", Object.entries(ways).map(([name, way], i) => row(tag("b", { class: kinds[i] }, name),
    short(Math.max(objective(way.at(-1)) - lowestValue, 0)), [...way.at(-1)].map(short).join(", "))));
}

// --- columns die under the group lasso ------------------------------------------------------------------------------

// Eq. 5 on ten new units over six inputs: the weights in the end, and the norms of their columns epoch by epoch.
function tenUnits(mu, gamma) {
  const random = generator(3), x = random.draw(200, 6, 1), norms = [];
  const y = filled(200, 1, (i) => (at(x, i, 0) * at(x, i, 1) > 0 ? 1 : 0));
  const p = { weights: [random.draw(6, 10, 0.6)], biases: [new Float64Array(10)], head: random.draw(10, 1, 0.5),
    headBias: new Float64Array(1) };
  const o = { mu, gamma, weight_decay: 0, step: 0.03, step_end: 0.05, batch: 100, patience: Infinity };
  const watch = ({ weights: [w] }) => norms.push(range(10).map((j) => norm(column(w, j))));
  train(eq5(p, [0], o), p, { x, y }, { x, y }, 80, o, random.order, false, watch);
  return { w: p.weights[0], norms };
}

function drawColumns() {
  const { w, norms } = tenUnits(...asked("columns", "mu", "gamma")), largest = Math.max(...norms.flat());
  const dies = (j) => norms.at(-1)[j] === 0;
  const cells = range(60).map((k) => {
    const v = w.data[k], strength = fixed(0.15 + 0.85 * Math.min(Math.abs(v) / 1.2, 1));
    return tag("rect", { x: 10 + k % 10 * 22, y: 10 + Math.floor(k / 10) * 22, width: 20, height: 20,
      ...(v === 0 ? { class: "zero" } : { class: v > 0 ? "cell one" : "cell two", "fill-opacity": strength }) });
  });
  const lines = range(10).map((j) =>
    path(norms.map((n, epoch) => [10 + epoch / 80 * 220, 145 - n[j] / largest * 130]), dies(j) ? "two" : "one"));
  const titles = say(["Weights into ten new units, a column each", "Norm of every column, epoch by epoch"],
    ["새 유닛 열 개로 들어오는 가중치", "에폭마다 각 열의 노름"]);
  show("columns-picture", svg(240, 152, titles[0], cells),
    svg(240, 152, titles[1], line([10, 145], [230, 145], "axis"), lines));
  const zeros = w.data.filter((v) => v === 0).length, dead = range(10).filter(dies).length;
  tell("columns-words", `${zeros} of 60 weights are 0, and ${dead} of 10 whole columns: units that can go.`,
    `0인 것: 가중치 60개 중 ${zeros}개, 열 10개 중 ${dead}개. 빈 열의 유닛은 제거할 수 있습니다.`);
}

// --- networks -------------------------------------------------------------------------------------------------------

// Layers from left to right; edge(l, i, j) and node(l, i) say of which kind each is, null that it is not there.
function networkPicture(sizes, edge, node, title, height = 240) {
  const place = (l, i) => [24 + l * 392 / (sizes.length - 1), (i + 0.5) * height / sizes[l]];
  const edges = sizes.slice(1).map((n, l) => range(sizes[l]).map((i) => range(n).map((j) => {
    const kind = edge(l, i, j);
    return kind ? line(place(l, i), place(l + 1, j), kind) : "";
  })));
  const radius = fixed(Math.min(9, height / 2.4 / Math.max(...sizes)));
  return svg(440, height, title, edges, sizes.map((n, l) => range(n).map((i) => dot(place(l, i), radius, node(l, i)))));
}

const sizesOf = (net) => [net.weights[0].rows, ...net.biases.map((b) => b.length)];
const unitName = (l, j) => say(`layer ${l + 1}, unit ${j}`, `${l + 1}층 유닛 ${j}`);
const everything = (net) => sizesOf(net).map((n) => units(range(n)));

// --- Algorithm 2's walk ---------------------------------------------------------------------------------------------

// A network with few edges, and a task that two of its top units decide.
const SPARSE = (() => {
  const random = generator(11), sizes = [6, 6, 5], x = random.draw(200, 6, 1);
  const weights = [0, 1].map((l) =>
    filled(sizes[l], sizes[l + 1], () => (random.uniform() < 0.4 ? random.normal() : 0)));
  const net = { weights, biases: [6, 5].map((n) => new Float64Array(n).fill(0.1)), ...bornFirst([6, 5]), heads: [] };
  const features = activations(x, net).at(-1), score = (i) => 2 * at(features, i, 1) - 2 * at(features, i, 3) - 0.2;
  return { net, features, sizes, y: filled(200, 1, (i) => (score(i) + 0.5 * random.normal() > 0 ? 1 : 0)) };
})();

function drawSelection() {
  const [mu, steps] = asked("selection", "mu_head", "steps"), { net, features, y } = SPARSE;
  const { head } = newtonHead(features, y, mu), selected = selectUnits(net, 2, head), sizes = [...SPARSE.sizes, 1];
  const lit = (l, i) => l === 3 || (steps >= 3 - l && selected[l].includes(i));
  const edge = (l, i, j) => {
    if (at(net.weights[l] ?? head, i, j) === 0) return null;
    return lit(l, i) && lit(l + 1, j) ? "lit" : "faint";
  };
  show("selection-picture", networkPicture(sizes, edge, (l, i) => (lit(l, i) ? "two" : "empty"),
    say("From the inputs on the left to the head on the right", "왼쪽 입력에서 오른쪽 헤드까지")));
  const names = say(["inputs", "layer 1", "top layer"], ["입력", "첫째 층", "맨 위 층"]);
  const told = selected.map((chosen, l) => `${names[l]} ${chosen.length}/${sizes[l]}`).reverse().slice(0, steps);
  tell("selection-words", `Selected: ${told.join(", ") || "-"}`, `선택: ${told.join(", ") || "-"}`);
}

// --- Algorithm 4: a unit splits, edge by edge -----------------------------------------------------------------------

// W^{t-1} of a small network, where the new task draws its weights, and the weights of a new unit.
const BEFORE = (() => {
  const random = generator(2), weights = [random.draw(3, 3, 1), random.draw(3, 2, 1)];
  const drawn = weights.map((w) =>
    filled(w.rows, w.columns, (i, j) => at(w, i, j) + 0.5 * random.normal() * (j + 0.4)));
  const head = { stage: 1, weights: filled(2, 1, () => 1), bias: new Float64Array(1) };
  const biases = [new Float64Array(3), new Float64Array(2)];
  return { net: { weights, biases, ...bornFirst([3, 2]), heads: [head] }, drawn, fresh: random.draw(4, 1, 1) };
})();

// W^t: every weight where the task draws it, held back by lam_of(its unit); and one new unit in each layer.
function drifted(lamOf) {
  const { net, drawn, fresh } = BEFORE, weights = net.weights.map((w, l) =>
    filled(w.rows, w.columns, (i, j) => pulled(at(drawn[l], i, j), 1, 2 * lamOf(l, j), at(w, i, j))));
  const grown = appendUnits({ ...net, weights }, [1, 1], 2);
  for (const w of grown.weights) for (let i = 0; i < w.rows; i++) w.data[(i + 1) * w.columns - 1] = at(fresh, i, 0);
  return withHead(grown, { stage: 2, weights: filled(3, 1, () => 1), bias: new Float64Array(1) });
}

function drawSplit() {
  const [sigma, lam, shown] = asked("split", "sigma", "lam", "edges");
  const original = element("keep").checked ? "keep" : "retire", table = edgeTable(original);
  const now = drifted(() => lam), { units: old, rho } = unitDrift(now, BEFORE.net, 2, "relative");
  const chosen = mostDrifted(old, rho, [sigma, sigma]), after = splitUnits(now, BEFORE.net, chosen, 2, original);
  const kinds = [range(3).map(() => OLDER), ...chosen.map((units, l) => kindsAfterSplit(now, l, units, 2))];
  const source = (l, i, j) => table[kinds[l][i]][kinds[l + 1][j]];
  const edges = [0, 1].flatMap((l) => kinds[l].flatMap((_, i) => kinds[l + 1].map((__, j) => [l, i, j])));
  const count = Math.round(shown / 100 * edges.length), drawn = new Set(edges.slice(0, count).map(String));
  const kindOf = (...edge) => (!drawn.has(String(edge)) ? null : ["two", "one dashed", null][source(...edge)]);
  show("split-picture", networkPicture(sizesOf(after), kindOf, (l, i) => ["empty", "one", "two", "three"][kinds[l][i]],
    say("After the split: inputs on the left, then layers 1 and 2", "분할 뒤: 왼쪽이 입력, 다음이 1층과 2층")));
  const meter = (r) => tag("meter", { min: 0, max: 1.5, value: r, "aria-label": "rho" });
  show("split-numbers", rho.map((layer, l) => [...layer].map((r, j) =>
    row(unitName(l, j), short(r), meter(r), r > sigma ? say("splits", "분할") : ""))));
  const names = say(["older", "original", "copy", "new"], ["기존", "원본", "복사본", "새 유닛"]);
  const described = (l, i, j) =>
    `${names[kinds[l][i]]} → ${names[kinds[l + 1][j]]}: ${["Wᵗ", "Wᵗ⁻¹", "0"][source(l, i, j)]}`;
  const ends = count ? described(...edges[count - 1]) : "-";
  tell("split-words", `Edge ${count} of ${edges.length}: ${ends}`, `간선 ${edges.length}개 중 ${count}번째: ${ends}`);
}

// --- timestamps: what a stage sees ----------------------------------------------------------------------------------

function drawStamps() {
  const now = drifted((l, j) => (l === 0 && j === 2 ? 0 : 1e15)), old = BEFORE.net;      // one unit of layer 1 moved
  const x = matrix(1, 3, Float64Array.of(-1, 0.5, -1));
  const [stage] = asked("stamps", "stage"), after = splitUnits(now, old, [units([2]), units([])], 2, "retire");
  const seen = visible(after, stage), there = (l, i, j) => at(after.weights[l], i, j) !== 0;
  show("stamps-picture", networkPicture(sizesOf(after),
    (l, i, j) => (!there(l, i, j) ? null : seen[l].includes(i) && seen[l + 1].includes(j) ? "lit" : "faint"),
    (l, i) => (seen[l].includes(i) ? "two" : "empty"), say(`What stage ${stage} sees`, `단계 ${stage}에서 보이는 것`)));
  const end = (t) => (t === NEVER ? "∞" : t);
  show("stamps-numbers", after.introduced.map((born, l) => [...born].map((t, j) => row(unitName(l, j),
    `[${t}, ${end(after.retired[l][j])})`, seen[l + 1].includes(j) ? "●" : "○"))));
  const all = scoresOf(x, extract(after, everything(after), { ...headOf(after, 1), weights: filled(3, 1, () => 1) }));
  const told = [scores(old, 1, x), scores(after, 1, x), scores(now, 1, x), all].map(({ data: [v] }) => v.toFixed(3));
  const [first, later, unsplit, unstamped] = told;
  tell("stamps-words",
    `Task 1's score: ${first} when learnt, ${later} now. Without the split: ${unsplit}. From all units: ${unstamped}.`,
    `과제 1의 점수: 배웠을 때 ${first}, 지금 ${later}. 분할이 없다면 ${unsplit}, 모든 유닛을 읽는다면 ${unstamped}.`);
}

// --- the toy stream, learnt live in a worker ------------------------------------------------------------------------

// What the worker does: learn box by box, tell every box, and after every task its row of R.
function learnStream({ seed, options }) {
  const tasks = toyStream(seed), den = new DEN(options, generator(seed + 100)), begun = performance.now();
  tasks.forEach((task, t) => {
    for (const { before, norms, ...done } of den.boxes(task)) postMessage(done);
    const score = ({ test }, j) => auroc(scores(den.network, j + 1, test.x).data, test.y.data);
    postMessage({ row: tasks.slice(0, t + 1).map(score), seconds: (performance.now() - begun) / 1000 });
  });
}

const counts = (layers) => layers.map((chosen) => chosen.length).join("-");
const SENTENCES = {
  eq2: () => say("Eq. 2, the whole network", "식 2, 네트워크 전체"),
  prune: (done) => say(`removed ${counts(done.useless)}`, `제거 ${counts(done.useless)}`),
  eq3: () => say("Eq. 3, the head", "식 3, 헤드"),
  select: (done) => say(`selected ${counts(done.selected)}`, `선택 ${counts(done.selected)}`),
  eq4: () => say("Eq. 4, the selection", "식 4, 선택된 부분"),
  loss: ({ loss, expand }) =>
    `${say("loss", "손실")} ${short(loss)}: ${expand ? say("grow", "확장") : say("enough", "충분")}`,
  eq5: () => say("Eq. 5, new units", "식 5, 새 유닛"),
  split: (done) => say(`split ${counts(done.split)}`, `분할 ${counts(done.split)}`),
  eq6_after: () => say("Eq. 6, once more", "식 6, 다시 한 번"),
};
let told = [], worker = null;

function drawStream() {
  const boxes = told.filter((done) => done.box), rows = told.filter((done) => done.row), net = boxes.at(-1)?.after;
  const sentence = (done) => `${say("task", "과제")} ${done.stage}: ${SENTENCES[done.box](done)} `;
  show("stream-boxes", boxes.map((done) => tag("li", {}, sentence(done), tag("small", {}, counts(done.after.biases)))));
  const cell = (v) => (v === undefined ? tag("td", {})
    : tag("td", { style: `--share: ${fixed(Math.max(v - 0.5, 0) * 2)}` }, v.toFixed(3)));
  show("stream-matrix", range(4).map((i) =>
    tag("tr", {}, tag("th", {}, i + 1), range(4).map((j) => cell(rows[i]?.row[j])))));
  const born = (l, i) => (net.retired[l][i] === NEVER ? `born${net.introduced[l][i]}` : "empty");
  const edge = (l, i, j) => (at(net.weights[l], i, j) === 0 ? null : "faint");
  const title = say("Inputs on the left, then layers 1 and 2", "왼쪽이 입력, 다음이 1층과 2층");
  if (net) show("stream-picture",
    networkPicture(sizesOf(net), edge, (l, i) => (l === 0 ? "ink" : born(l - 1, i)), title, 300));
  const seconds = rows[3]?.seconds.toFixed(1);
  if (seconds) tell("stream-words", `Learnt in ${seconds} s.`, `${seconds}초 만에 배웠습니다.`);
  else if (worker) tell("stream-words", "Learning …", "배우는 중 …");
}

function learn() {
  worker?.terminate();
  told = [];
  const [mu, lam, seed] = asked("stream", "mu", "lam", "seed");
  const plain = ["gamma", "tau", "sigma", "k", "mu_head"].map((name) => [name, ...asked("stream", name)]);
  const options = { ...Object.fromEntries(plain),
    mu: TOY_OPTIONS.mu.map((v) => v * mu), lam: TOY_OPTIONS.lam.map((v) => v * lam) };
  const source = [element("mathematics").textContent, learnStream, "onmessage = ({ data }) => learnStream(data);"];
  worker = new Worker(URL.createObjectURL(new Blob([source.join("\n")], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => {
    told.push(data);
    drawStream();
  };
  worker.onerror = ({ message }) => tell("stream-words", message, message);
  worker.postMessage({ seed, options });
  drawStream();
}

// --- golden cases, and questions ------------------------------------------------------------------------------------

function runGolden() {
  const cases = JSON.parse(element("golden-cases").textContent), right = cases.filter(passes).length;
  const many = new Set(cases.map((one) => one.operation)).size;
  tell("golden-words", `${right} of ${cases.length} cases of ${many} operations are right.`,
    `연산 ${many}개의 사례 ${cases.length}개 중 ${right}개가 맞습니다.`);
}

// Answers and what is said to each choice are packed, so that nobody reads them by accident.
const questions = JSON.parse(element("questions-data").textContent);
const bytes = (packed) => Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
const unpacked = ({ packed }) => JSON.parse(new TextDecoder().decode(bytes(packed)));
const chosen = new Map();

function drawQuestions() {
  const choice = ({ id }, words, i) => tag("label", {},
    `<input type="radio" name="${id}" value="${i}"${chosen.get(id) === i ? " checked" : ""}> ${words}`);
  show("questions-list", questions.map((one, n) => tag("fieldset", { id: one.id },
    tag("legend", {}, `${n + 1}. ${one[language()].question}`),
    one[language()].choices.map((words, i) => choice(one, words, i)), tag("output", {}))));
  markQuestions();
}

function markQuestions() {
  const right = questions.filter((one) => chosen.has(one.id)).filter((one) => {
    const { answer, feedback } = unpacked(one), choice = chosen.get(one.id);
    const mark = choice === answer ? "✓" : "✗";
    document.querySelector(`#${one.id} output`).textContent = `${mark} ${feedback[language()][choice]}`;
    return choice === answer;
  }).length;
  tell("questions-words", `${right} right of ${chosen.size} answered; there are ${questions.length}.`,
    `${questions.length}문제 중 ${chosen.size}개에 답해 ${right}개가 맞았습니다.`);
}

// --- sliders and buttons --------------------------------------------------------------------------------------------

const draw = { shrinkage: drawShrinkage, walk: drawWalk, columns: drawColumns, selection: drawSelection,
  split: drawSplit, stamps: drawStamps, stream: drawStream, questions: drawQuestions };

function drawAll() {
  document.querySelectorAll("input[type=range]").forEach((input) => { input.nextElementSibling.value = input.value; });
  Object.values(draw).forEach((one) => one());
}

// A slider goes from its start to its end by itself in three seconds; who wants no motion sees the end at once.
function play(input) {
  const last = Number(input.max), calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  input.value = calm ? last : input.min;
  const tick = () => {
    input.dispatchEvent(new Event("input", { bubbles: true }));
    if (Number(input.value) < last) setTimeout(() => { input.stepUp(); tick(); }, 3000 * input.step / last);
  };
  tick();
}

document.addEventListener("input", ({ target }) => {
  if (target.type === "range") target.nextElementSibling.value = target.value;
  if (target.type !== "radio") return draw[target.closest("section").id]();
  chosen.set(target.name, Number(target.value));
  markQuestions();
});
document.querySelectorAll("[data-play]").forEach((button) =>
  button.addEventListener("click", () => play(slider(button.closest("section").id, button.dataset.play))));
element("learn").addEventListener("click", learn);
element("run-golden").addEventListener("click", runGolden);
element("language").addEventListener("click", () => {
  document.documentElement.lang = say("ko", "en");
  drawAll();
});
drawAll();
