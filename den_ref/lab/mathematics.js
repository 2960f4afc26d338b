// The mathematics of DEN in JavaScript: all of it, in doubles, each formula beside its lines.
//
//     den-ref golden check --exec "node mathematics.js"        den_ref's golden values, asked of this file
//
// The page of the lab and Node read the same text.  Samples are rows; a column of a weight matrix is a unit's incoming
// weights.  Units count from 0, stages from 1.  A *point* is {weights, biases, head, headBias}: small dense matrices.
// A *network* is {weights, biases, introduced, retired, heads}: all units there are, with their lifetimes, and one
// head {stage, weights, bias} for each task.
"use strict";

// --- matrices: {rows, columns, data}, data row after row ------------------------------------------------------------

const NEVER = 2147483647;                                          // "never retired"

const range = (n) => Array.from({ length: n }, (_, i) => i);
const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const matrix = (rows, columns, data = new Float64Array(rows * columns)) => ({ rows, columns, data });
const asMatrix = (a) => (a.data ? a : matrix(1, a.length, a));     // a vector is a row; memory is shared
const copied = (a) => (a.data ? matrix(a.rows, a.columns, a.data.slice()) : a.slice());
const at = (m, i, j) => m.data[i * m.columns + j];
const rowOf = (m, i) => m.data.subarray(i * m.columns, (i + 1) * m.columns);
const column = (m, j) => Float64Array.from({ length: m.rows }, (_, i) => at(m, i, j));

function filled(rows, columns, entry) {
  const m = matrix(rows, columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) m.data[i * columns + j] = entry(i, j);
  return m;
}

const taken = (m, rows, columns) => filled(rows.length, columns.length, (i, j) => at(m, rows[i], columns[j]));
function takenRows(m, rows) {
  const part = matrix(rows.length, m.columns), n = m.columns;
  for (let i = 0; i < rows.length; i++) for (let j = 0; j < n; j++) part.data[i * n + j] = m.data[rows[i] * n + j];
  return part;
}

const picked = (vector, units) => vector.constructor.from(units, (i) => vector[i]);
const units = (list) => Int32Array.from(list);

const norm = (values) => Math.hypot(...values);                    // which never leaves the range of a double

// --- layers: forwards and backwards ---------------------------------------------------------------------------------

// out = x w + b
function affineForward(x, w, b) {
  const out = matrix(x.rows, w.columns), [n, o] = [w.rows, w.columns], [X, W, Y] = [x.data, w.data, out.data];
  for (let s = 0; s < x.rows; s++) {
    const row = s * o;
    for (let j = 0; j < o; j++) Y[row + j] = b[j];
    for (let i = 0; i < n; i++) {
      const h = X[s * n + i], from = i * o;
      if (h !== 0) for (let j = 0; j < o; j++) Y[row + j] += h * W[from + j];
    }
  }
  return out;
}

// dx = dout w^T,  dw = x^T dout,  db = sum over samples of dout.
// gated: x comes out of a ReLU, and dx is led back through it: what is 0 in x is 0 in dx, and costs nothing.
function affineBackward(dout, x, w, gated = false) {
  const [n, o] = [w.rows, w.columns], dx = matrix(x.rows, n), dw = matrix(n, o), db = new Float64Array(o);
  const [D, X, W, DX, DW] = [dout.data, x.data, w.data, dx.data, dw.data];
  for (let s = 0; s < x.rows; s++) {
    const row = s * o;
    for (let j = 0; j < o; j++) db[j] += D[row + j];
    for (let i = 0; i < n; i++) {
      const h = X[s * n + i], from = i * o;
      if (gated && h === 0) continue;
      let back = 0;
      for (let j = 0; j < o; j++) {
        const d = D[row + j];
        DW[from + j] += h * d;
        back += d * W[from + j];
      }
      DX[s * n + i] = back;
    }
  }
  return { dx, dw, db };
}

// h = max(a, 0), in a matrix of its own or, given a itself, in its place
function reluForward(a, h = matrix(a.rows, a.columns)) {
  for (let i = 0; i < h.data.length; i++) h.data[i] = a.data[i] > 0 ? a.data[i] : 0;
  return h;
}

// da = dh where a > 0, else 0: the gate is closed on the kink
function reluBackward(dh, a) {
  const da = matrix(a.rows, a.columns);
  for (let i = 0; i < da.data.length; i++) if (a.data[i] > 0) da.data[i] = dh.data[i];
  return da;
}

// --- losses: the mean over samples, and its gradient by the logits --------------------------------------------------

const sigmoid = (z) => (z > 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

// (1/n) sum over samples and outputs of log(1 + exp(z)) - y z;  gradient (sigmoid(z) - y) / n
function sigmoidCrossEntropy(z, y) {
  const n = Math.max(z.rows, 1), dlogits = matrix(z.rows, z.columns);
  let total = 0;
  for (let i = 0; i < z.data.length; i++) {
    const v = z.data[i];
    total += Math.max(v, 0) - y.data[i] * v + Math.log1p(Math.exp(-Math.abs(v)));
    dlogits.data[i] = (sigmoid(v) - y.data[i]) / n;
  }
  return { value: total / n, dlogits };
}

// (1/n) sum over samples of log(sum over c of exp(z_c)) - z_y;  gradient (softmax(z) - [c = y]) / n
function softmaxCrossEntropy(z, labels) {
  const n = Math.max(z.rows, 1), dlogits = matrix(z.rows, z.columns);
  let total = 0;
  for (let s = 0; s < z.rows; s++) {
    const logits = rowOf(z, s), top = Math.max(...logits);         // taken out first: exp cannot overflow
    const powers = logits.map((v) => Math.exp(v - top)), all = sum(powers);
    total += Math.log(all) + top - logits[labels[s]];
    powers.forEach((p, c) => { dlogits.data[s * z.columns + c] = (p / all - (c === labels[s] ? 1 : 0)) / n; });
  }
  return { value: total / n, dlogits };
}

const lossOf = (z, y, loss = "sigmoid") => loss === "softmax"
  ? softmaxCrossEntropy(z, range(y.rows).map((s) => rowOf(y, s).indexOf(1))) : sigmoidCrossEntropy(z, y);

// --- a network: affine layers with a ReLU behind each, and a head that is an affine layer alone ---------------------

// [x, h_1, ..., h_m],  h_l = relu(h_{l-1} W_l + b_l)
function activations(x, { weights, biases }) {
  const all = [x];
  weights.forEach((w, l) => {
    const a = affineForward(all[l], w, biases[l]);
    all.push(reluForward(a, a));
  });
  return all;
}

const scoresOf = (x, p) => affineForward(activations(x, p).at(-1), p.head, p.headBias);
const dataLoss = ({ x, y, loss }, p) => lossOf(scoresOf(x, p), y, loss).value;

// Backpropagation: the loss, and its gradient by every array, from the head down.
function backpropagation({ x, y, loss }, p) {
  const h = activations(x, p), { value, dlogits } = lossOf(affineForward(h.at(-1), p.head, p.headBias), y, loss);
  let { dx, dw, db } = affineBackward(dlogits, h.at(-1), p.head, true);
  const gradient = { weights: [], biases: [], head: dw, headBias: db };
  for (let l = p.weights.length - 1; l >= 0; l--) {
    ({ dx, dw, db } = affineBackward(dx, h[l], p.weights[l], true));
    gradient.weights[l] = dw;
    gradient.biases[l] = db;
  }
  return { value, gradient };
}

// --- proxes ---------------------------------------------------------------------------------------------------------
//
// With a step:  argmin over u of  norm(u - z)^2 / (2 step) + penalty(u).
// In a metric:  argmin over u of  sum of d (u - z)^2 / 2 + penalty(u),  so that a step is the metric d = 1 / step.

// mu abs(u): the soft threshold, by its three cases.  abs(z) = threshold gives 0.
const shrunk = (z, threshold) => (z > threshold ? z - threshold : z < -threshold ? z + threshold : 0);

// (strength / 2) (u - anchor)^2:  u = (d z + strength anchor) / (d + strength)
const pulled = (z, d, strength, anchor) => z + strength / (d + strength) * (anchor - z);

// gamma norm(u) of a whole group:  u = z max(1 - threshold / norm(z), 0)
function groupShrunk(z, threshold) {
  const length = norm(z), share = length > threshold ? 1 - threshold / length : 0;
  return z.map((v) => v * share);
}

// gamma norm(u) in the metric d:  0 if norm(d z) <= gamma;  else u = z d r / (d r + gamma), where r = norm(u) solves
// the secular equation  phi(r) = sum of (d z / (d r + gamma))^2 = 1;  Newton on 1 / sqrt(phi) = 1, from r = 0.
function groupShrunkInMetric(z, d, gamma) {
  const pull = z.map((v, i) => d[i] * v);
  if (gamma === 0) return z.slice();
  if (norm(pull) <= gamma) return z.map(() => 0);
  let r = 0;
  for (let k = 0; k < 50; k++) {
    let [phi, slope] = [0, 0];
    for (let i = 0; i < pull.length; i++) {
      const scale = d[i] * r + gamma, ratio = (pull[i] / scale) ** 2;
      phi += ratio;
      slope += ratio * d[i] / scale;
    }
    const change = (Math.sqrt(phi) - 1) * phi / slope;
    r += change;
    if (Math.abs(change) <= 1e-15 * r) break;
  }
  return pull.map((p, i) => p * r / (d[i] * r + gamma));
}

// A function of columns, applied to each column of a matrix.
function byColumn(m, shrink) {
  const columns = range(m.columns).map((j) => shrink(column(m, j), j));
  return filled(m.rows, m.columns, (i, j) => columns[j][i]);
}

// mu abs + gamma norm of every column: first every entry, then every group.  The other order is not the prox.
const sparseGroupProx = (w, step, mu, gamma) =>
  byColumn(w, (z) => groupShrunk(z.map((v) => shrunk(v, step * mu)), step * gamma));

// --- first-order steps ----------------------------------------------------------------------------------------------

const moved = (w, gradient, step) => w.map((v, i) => v - step * gradient[i]);

// ISTA:  w = prox(w - step dw);  biases are not penalised
const istaStep = (w, b, dw, db, step, mu, gamma) => ({ b: moved(b, db, step),
  w: sparseGroupProx(matrix(w.rows, w.columns, moved(w.data, dw.data, step)), step, mu, gamma) });

// FISTA on  smooth + mu sum of abs, its iterates:  x_new = prox(y - step gradient(y)),
// t_new = (1 + sqrt(1 + 4 t^2)) / 2,  y = x_new + (t - 1) / t_new (x_new - x);  t = 1 where the momentum points uphill.
// Without momentum t stays 1, which is ISTA.
function fista(gradient, mu, start, step, iterations, momentum = true) {
  let [x, y, t, iterates] = [start, start, 1, []];
  for (let k = 0; k < iterations; k++) {
    const next = moved(y, gradient(y), step).map((v) => shrunk(v, step * mu));
    if (!momentum || sum(y.map((v, i) => (v - next[i]) * (next[i] - x[i]))) > 0) t = 1;
    const tNext = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    y = next.map((v, i) => v + (t - 1) / tNext * (v - x[i]));
    [x, t] = [next, tNext];
    iterates.push(next);
  }
  return iterates;
}

// --- Eq. 3, the head: proximal Newton -------------------------------------------------------------------------------

// How far 0 is from the subdifferential of smooth + threshold abs, in one entry.
const distance = (u, slope, threshold) =>
  (u === 0 ? Math.max(Math.abs(slope) - threshold, 0) : Math.abs(slope + threshold * Math.sign(u)));

// argmin over u of  linear u + u Q u / 2 + sum of threshold abs(u),  in sweeps: one entry after the other goes to where
// the objective is lowest along it, by the prox in the metric Q_jj.
function lasso(q, linear, threshold, start, tolerance) {
  const u = start.slice(), n = u.length;
  const slope = linear.map((v, i) => v + sum(range(n).map((j) => at(q, i, j) * u[j])));
  for (let far = Infinity, sweep = 0; far > tolerance && sweep < 100000; sweep++) {
    far = 0;
    for (let j = 0; j < n; j++) {
      far = Math.max(far, distance(u[j], slope[j], threshold[j]));
      const d = at(q, j, j), by = shrunk(u[j] - slope[j] / d, threshold[j] / d) - u[j];
      for (let i = 0; i < n; i++) slope[i] += by * at(q, j, i);
      u[j] += by;
    }
  }
  return u;
}

// One Newton iteration from w: towards the minimiser of the second-order model
//     g (u - w) + (u - w) H (u - w) / 2 + sum of threshold abs(u),
// all the way, or 1/2, 1/4, ... of it until the objective falls enough.
function newtonStep(f, w, threshold, tolerance) {
  const { value, gradient, hessian } = f(w), h = hessian();
  const penalty = (u) => sum(u.map((v, i) => threshold[i] * Math.abs(v)));
  const linear = gradient.map((g, i) => g - sum(w.map((v, j) => at(h, i, j) * v)));
  const target = lasso(h, linear, threshold, w, tolerance);
  const objective = value + penalty(w), rounding = 4 * 2 ** -52 * Math.abs(objective);
  const expected = sum(w.map((v, i) => gradient[i] * (target[i] - v))) + penalty(target) - penalty(w);
  for (let share = 1; ; share /= 2) {
    const next = w.map((v, i) => v + share * (target[i] - v));
    if (share === 0 || f(next).value + penalty(next) <= objective + 1e-4 * share * expected + rounding) return next;
  }
}

// The cross-entropy of one output of a head, features centred and a column of ones for the bias: value, gradient,
// Hessian (1/n) X^T diag(s (1 - s)) X with a floor and a ridge that change the path, not the end.
const headLoss = (x, y) => (w) => {
  const { rows: n, columns: p } = x, asColumn = matrix(p, 1, w), z = affineForward(x, asColumn, [0]);
  const { value, dlogits } = sigmoidCrossEntropy(z, y), gradient = affineBackward(dlogits, x, asColumn).dw.data;
  const hessian = () => {
    const c = z.data.map(sigmoid).map((s) => s * (1 - s)), floor = 1e-12 * Math.max(...c) + 1e-30, h = matrix(p, p);
    for (let i = 0; i < p; i++) for (let j = 0; j <= i; j++) {
      let total = 0;
      for (let k = 0; k < n; k++) total += at(x, k, i) * at(x, k, j) * Math.max(c[k], floor) / n;
      h.data[i * p + j] = h.data[j * p + i] = total + (i === j ? 1e-13 * total + 1e-300 : 0);
    }
    return h;
  };
  return { value, gradient, hessian };
};

// min over (V, c) of  mean cross-entropy(features V + c, labels) + mu sum of abs(V),  for sigmoid outputs: each output
// by itself, from V = 0 and the log-odds, until the residual is at most 5e-10.  Centring is exact: c absorbs it.
function newtonHead(features, labels, mu, tolerance = 1e-9) {
  const n = features.rows, p = features.columns;
  const mean = Float64Array.from({ length: p }, (_, j) => sum(column(features, j)) / n);
  const x = filled(n, p + 1, (i, j) => (j < p ? at(features, i, j) - mean[j] : 1));
  const threshold = Float64Array.from({ length: p + 1 }, (_, j) => (j < p ? mu : 0));
  const head = matrix(p, labels.columns), headBias = new Float64Array(labels.columns);
  for (let o = 0; o < labels.columns; o++) {
    const y = matrix(n, 1, column(labels, o)), f = headLoss(x, y);
    const rate = Math.min(Math.max(sum(y.data) / n, tolerance / 4), 1 - tolerance / 4);
    let w = new Float64Array(p + 1);
    w[p] = Math.log(rate / (1 - rate));
    for (let k = 0; k <= 50; k++) {
      const { gradient: g } = f(w);
      const residual = Math.max(...w.map((v, j) => distance(v, g[j] + (j < p ? mean[j] * g[p] : 0), threshold[j])));
      if (residual <= tolerance / 2) break;
      w = newtonStep(f, w, threshold, residual / 100);
    }
    for (let j = 0; j < p; j++) head.data[j * labels.columns + o] = w[j];
    headBias[o] = w[p] - sum(mean.map((v, j) => v * w[j]));
  }
  return { head, headBias };
}

// The same minimum by ISTA from zero: what a softmax head, whose outputs are not independent, is solved by here.  Eq. 3
// is Eq. 2 without hidden layers.  The step is 1 / L,  L = (mean of 1 + sum of squared features) / 2 >= the curvature.
function istaHead(features, labels, mu, loss, tolerance = 1e-9) {
  const data = { x: features, y: labels, loss }, size = 1 + sum(features.data.map((v) => v * v)) / features.rows;
  const p = { weights: [], biases: [], head: matrix(features.columns, labels.columns),
    headBias: new Float64Array(labels.columns) };
  for (;;) {
    const { gradient } = backpropagation(data, p);
    if (headResidual(p, gradient, mu) <= tolerance) return p;
    istaUpdate(eq2(p, { mu, weight_decay: 0 }), p, gradient, 2 / size);
  }
}

const headResidual = (p, { head, headBias }, mu) =>
  Math.max(0, ...p.head.data.map((v, i) => distance(v, head.data[i], mu)), ...headBias.map(Math.abs));

const solvedHead = (features, labels, mu, loss = "sigmoid") =>
  (loss === "softmax" ? istaHead(features, labels, mu, loss) : newtonHead(features, labels, mu));

// --- Eq. 2 to 6: minimise, over the free weights, the data loss plus a penalty, starting from here ------------------
//
// A part is some entries of one array, and their penalty:  l1 sum of abs + group sum over columns of norm + squares.
// Where its pattern is 0 there is no connection, and nothing moves.  What no part covers is held.

const ALL = [0, Infinity];
const part = (of, penalty = {}, pattern = null, rows = ALL, columns = ALL) =>
  ({ of, squares: [], l1: 0, group: 0, ...penalty, pattern, rows, columns });
const square = (strength, anchor = null) => ({ strength, anchor });
const perLayer = (value, n) =>                                     // a list's last entry serves all further layers
  range(n).map((l) => (typeof value === "number" ? value : value[Math.min(l, value.length - 1)]));

const weightsOf = (l) => (p) => p.weights[l] ?? p.head;            // the head is the last matrix
const biasesOf = (l) => (p) => p.biases[l] ?? p.headBias;
const everyLayer = (p, make) => range(p.weights.length + 1).flatMap(make);

// L(W) + sum over l of mu_l sum of abs(W_l) + (decay_l / 2) norm(W_l)^2;  free: everything
function eq2(p, o) {
  const [mu, decay] = [o.mu, o.weight_decay].map((v) => perLayer(v, p.weights.length + 1));
  return everyLayer(p, (l) => [part(weightsOf(l), { l1: mu[l], squares: [square(decay[l])] }), part(biasesOf(l))]);
}

// L(W_S) + sum over l of (mu_l2_l / 2) norm(W_S)^2 + lam_l norm((W_S, b) - (W_S, b)^{t-1})^2;  free: edges, head.
// The pull is there by default only (anchor_before_split = "eq4"): the paper solves Eq. 6 before drift is measured.
function eq4(p, edges, o) {
  const m = p.weights.length, lam = perLayer(o.anchor_before_split === "eq4" ? o.lam : 0, m);
  const [mu2, mu] = [o.mu_l2, o.mu_eq4 ?? 0].map((v) => perLayer(v, m + 1));
  return everyLayer(p, (l) => {
    const pull = (of) => (l < m ? [square(2 * lam[l], copied(asMatrix(of(p))))] : []);
    return [part(weightsOf(l), { l1: mu[l], squares: [square(mu2[l]), ...pull(weightsOf(l))] }, edges[l]),
      part(biasesOf(l), { squares: pull(biasesOf(l)) })];
  });
}

// L(W^N) + mu sum of abs(W^N) + gamma sum over new units of norm(all incoming weights) + (decay / 2) norm(W^N)^2;
// free: weights into new units, from new units into older ones, and the head.  older[l] units stand first in layer l.
function eq5(p, older, o) {
  const m = p.weights.length, gamma = perLayer(o.gamma, m);
  const [mu, decay] = [o.mu, o.weight_decay].map((v) => perLayer(v, m + 1));
  return everyLayer(p, (l) => {
    const shrink = { l1: mu[l], squares: [square(decay[l])] }, into = [older[l] ?? 0, Infinity];
    const grouped = part(weightsOf(l), { ...shrink, group: gamma[l] ?? 0 }, null, ALL, into);
    const parts = [grouped, part(biasesOf(l), {}, null, ALL, into)];
    return l && l < m ? [...parts, part(weightsOf(l), shrink, null, [older[l - 1], Infinity], [0, older[l]])] : parts;
  });
}

// L(W) + sum over l of lam_l norm((W_l, b_l) - (W_l, b_l)^{t-1})^2 + (decay_l / 2) norm(W_l)^2;  free: edges, head.
// The pull acts where W^{t-1} has an entry (the anchor, whose units stand first).
function eq6(p, edges, anchor, o) {
  const m = p.weights.length, lam = perLayer(o.lam, m), decay = perLayer(o.weight_decay, m + 1);
  return everyLayer(p, (l) => {
    const free = { squares: [square(decay[l])] };
    if (l === m) return [part(weightsOf(l), free), part(biasesOf(l))];
    const [w, b] = [anchor.weights[l], asMatrix(anchor.biases[l])], old = [0, w.columns], young = [w.columns, Infinity];
    return [part(weightsOf(l), { squares: [square(decay[l]), square(2 * lam[l], w)] }, edges[l], [0, w.rows], old),
      part(biasesOf(l), { squares: [square(2 * lam[l], b)] }, null, ALL, old),
      part(weightsOf(l), free, edges[l], [w.rows, Infinity], old),
      part(weightsOf(l), free, edges[l], ALL, young), part(biasesOf(l), {}, null, ALL, young)];
  });
}

// Calls see(index in the array, i and j in the part, is it free) for every entry of a part.
function eachEntry({ rows, columns, pattern }, array, see) {
  const { rows: n, columns: o } = array;
  for (let i = rows[0]; i < Math.min(rows[1], n); i++)
    for (let j = columns[0]; j < Math.min(columns[1], o); j++)
      see(i * o + j, i - rows[0], j - columns[0], !pattern || pattern.data[i * o + j] !== 0);
}

const widthOf = ({ columns }, array) => Math.max(Math.min(columns[1], array.columns) - columns[0], 0);

// The value of all penalties at a point.
function penaltyOf(parts, p) {
  let total = 0;
  for (const one of parts) {
    const w = asMatrix(one.of(p)), groups = range(widthOf(one, w)).map(() => []);
    eachEntry(one, w, (index, i, j) => {
      total += one.l1 * Math.abs(w.data[index]);
      for (const { strength, anchor } of one.squares)
        total += strength / 2 * (w.data[index] - (anchor ? at(anchor, i, j) : 0)) ** 2;
      groups[j].push(w.data[index]);
    });
    if (one.group) total += one.group * sum(groups.map(norm));
  }
  return total;
}

// The gradient where weights are free, 0 where they are held.
function freeGradient(parts, gradient) {
  const zeros = (a) => (a.data ? matrix(a.rows, a.columns) : new Float64Array(a.length));
  const free = { weights: gradient.weights.map(zeros), biases: gradient.biases.map(zeros),
    head: zeros(gradient.head), headBias: zeros(gradient.headBias) };
  for (const one of parts) {
    const [from, to] = [asMatrix(one.of(gradient)).data, asMatrix(one.of(free)).data];
    eachEntry(one, asMatrix(one.of(gradient)), (index, i, j, isFree) => { if (isFree) to[index] = from[index]; });
  }
  return free;
}

// Proximal steps in place, for all parts of a problem.  stepOf(part, entry, g) is [how far to move, d]; every penalty
// is then applied by its prox in the metric d, in the order squares, L1, groups: a square of strength s joins d.
function proximalUpdate(parts, p, gradient, stepOf) {
  parts.forEach((one, n) => {
    const w = asMatrix(one.of(p)), g = asMatrix(one.of(gradient)).data, width = widthOf(one, w);
    const metric = one.group ? new Float64Array(w.data.length) : null;
    eachEntry(one, w, (index, i, j, isFree) => {
      if (!isFree) return;
      let [move, d] = stepOf(n, i * width + j, g[index]);
      let z = w.data[index] - move;
      for (const { strength, anchor } of one.squares) {
        z = pulled(z, d, strength, anchor ? at(anchor, i, j) : 0);
        d += strength;
      }
      w.data[index] = one.l1 ? shrunk(z, one.l1 / d) : z;
      if (metric) metric[index] = d;
    });
    if (one.group) for (let j = one.columns[0]; j < w.columns; j++) {
      const z = groupShrunkInMetric(column(w, j), column(matrix(w.rows, w.columns, metric), j), one.group);
      z.forEach((v, i) => { w.data[i * w.columns + j] = v; });
    }
  });
}

// ISTA on every part: a step is the metric d = 1 / step.
const istaUpdate = (parts, p, gradient, step) =>
  proximalUpdate(parts, p, gradient, (n, index, g) => [step * g, 1 / step]);

// Proximal Adam.  At iteration k, with g the gradient of the data loss alone,
//     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
//     d = (sqrt(v / (1 - beta2^k)) + eps) / step
//     w = prox(w - (m / (1 - beta1^k)) / d)        in the metric d
// The moments are kept without their factors 1 - beta: sqrt(v / ...) = root sqrt(V).
class Adam {
  constructor(parts, p, { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = {}) {
    Object.assign(this, { parts, p, beta1, beta2, eps, k: 0 });
    this.moments = parts.map((one) => range(2).map(() => new Float64Array(asMatrix(one.of(p)).data.length)));
  }

  update(gradient, step) {
    const { beta1, beta2, eps, moments } = this, k = ++this.k;
    const root = Math.sqrt((1 - beta2) / (1 - beta2 ** k)), scale = root / step;
    const speed = (1 - beta1) / (1 - beta1 ** k) / scale;
    const pair = [0, 0];                                           // one array for all entries: this is the inner loop
    proximalUpdate(this.parts, this.p, gradient, (n, index, g) => {
      const [M, V] = moments[n], m = (M[index] = beta1 * M[index] + g), v = (V[index] = beta2 * V[index] + g * g);
      const d = Math.sqrt(v) + eps / root;
      pair[0] = speed * (m / d);
      pair[1] = d * scale;
      return pair;
    });
  }
}

// Step of iteration k of total: start (end + (1 - end) (1 + cos(pi k / total)) / 2)
const cosine = (k, total, start, end) => start * (end + (1 - end) * (1 + Math.cos(Math.PI * k / total)) / 2);

const copyOf = ({ weights, biases, head, headBias }) =>
  ({ weights: weights.map(copied), biases: biases.map(copied), head: copied(head), headBias: headBias.slice() });

// Mini-batch training: the weights with the lowest validation loss are kept; after patience epochs without better
// ones it ends.
function train(parts, p, data, validation, epochs, o, order, startCompetes, watch) {
  const adam = new Adam(parts, p, o);
  let best = { loss: Infinity, p: null, age: 0 };
  const look = () => {
    const loss = dataLoss(validation, p);
    best = loss < best.loss || !best.p ? { loss, p: copyOf(p), age: 0 } : { ...best, age: best.age + 1 };
  };
  if (startCompetes || !epochs) look();
  watch?.(p);
  for (let epoch = 0, k = 0; epoch < epochs && best.age < o.patience; epoch++) {
    const rows = order(data.x.rows), batches = Math.ceil(rows.length / o.batch);
    for (let b = 0; b < batches; b++, k++) {
      const batch = rows.slice(b * o.batch, (b + 1) * o.batch);
      const { gradient } = backpropagation({ ...data, x: takenRows(data.x, batch), y: takenRows(data.y, batch) }, p);
      adam.update(gradient, cosine(k, epochs * batches, o.step, o.step_end));
    }
    look();
    watch?.(p);
  }
  return best.p;
}

// --- timestamps: what a stage sees ----------------------------------------------------------------------------------

// [inputs, layer 1, ..., layer L-1]: the units with introduced <= stage < retired, and every input feature.
const visible = (net, stage) => [units(range(net.weights[0].rows)), ...net.introduced.map((born, l) =>
  units(range(born.length).filter((j) => born[j] <= stage && stage < net.retired[l][j])))];

// Of what a stage sees, what was there before it.
const older = (net, stage) =>
  visible(net, stage).map((seen, l) => (l ? seen.filter((j) => net.introduced[l - 1][j] < stage) : seen));

const headOf = (net, stage) => net.heads.find((head) => head.stage === stage);
const withHead = (net, head) => ({ ...net, heads: [...net.heads.filter((h) => h.stage !== head.stage), head] });

// W_l[S_{l-1}, S_l], b_l[S_l], the head's rows of the last S: cut out, never masked.
const extract = (net, chosen, head) => ({
  weights: net.weights.map((w, l) => taken(w, chosen[l], chosen[l + 1])),
  biases: net.biases.map((b, l) => picked(b, chosen[l + 1])),
  head: takenRows(head.weights, chosen.at(-1)), headBias: head.bias.slice() });

const nonzero = (w) => matrix(w.rows, w.columns, Uint8Array.from(w.data, (v) => (v !== 0 ? 1 : 0)));
const edgesOf = (p) => p.weights.map(nonzero);

// The network with exactly these entries put back where they were cut out.
function insert(net, chosen, p, head) {
  const put = (m, sub, rows, columns) => {
    const whole = copied(m);
    rows.forEach((r, i) => columns.forEach((c, j) => { whole.data[r * m.columns + c] = at(sub, i, j); }));
    return whole;
  };
  const weights = net.weights.map((w, l) => put(w, p.weights[l], chosen[l], chosen[l + 1]));
  const biases = net.biases.map((b, l) => put(asMatrix(b), asMatrix(p.biases[l]), [0], chosen[l + 1]).data);
  const rows = put(head.weights, p.head, chosen.at(-1), range(head.weights.columns));
  return withHead({ ...net, weights, biases }, { ...head, weights: rows, bias: p.headBias.slice() });
}

// A task's scores: read from the units that its stage sees, so that nothing that came later can change them.
const scores = (net, stage, x) => scoresOf(x, extract(net, visible(net, stage), headOf(net, stage)));

// --- Algorithm 2: the walk ------------------------------------------------------------------------------------------

// Top layer: units the stage sees whose head weight is not 0 for *any* output.  Below: units the stage sees (and input
// features) with a nonzero edge to *any* selected unit of the layer above.  The weights are W^{t-1}.
function selectUnits(net, stage, head) {
  const seen = visible(net, stage), selected = [];
  let [above, edges] = [range(head.columns), head];
  for (let l = seen.length - 1; l >= 0; l--) {
    const [targets, outgoing] = [above, edges];
    above = selected[l] = seen[l].filter((i) => targets.some((j) => at(outgoing, i, j) !== 0));
    edges = net.weights[l - 1];
  }
  return selected;
}

// --- Algorithm 3: append, find what is useless, delete --------------------------------------------------------------

const grownBy = (vector, n, value) => vector.constructor.from([...vector, ...Array(n).fill(value)]);
const grownMatrix = (m, rows, columns) =>
  filled(m.rows + rows, m.columns + columns, (i, j) => (i < m.rows && j < m.columns ? at(m, i, j) : 0));

// counts[l] more units at the end of every hidden layer, all their weights 0.
const appendUnits = (net, counts, stage) => ({
  weights: net.weights.map((w, l) => grownMatrix(w, l ? counts[l - 1] : 0, counts[l])),
  biases: net.biases.map((b, l) => grownBy(b, counts[l], 0)),
  introduced: net.introduced.map((born, l) => grownBy(born, counts[l], stage)),
  retired: net.retired.map((gone, l) => grownBy(gone, counts[l], NEVER)),
  heads: net.heads.map((head) => ({ ...head, weights: grownMatrix(head.weights, counts.at(-1), 0) })) });

// Units introduced at this stage that can go without changing any task's scores, and all biases after folding.
// Bottom-up: a unit without nonzero incoming weights is the constant max(b, 0).  It goes if that is 0, or if every
// nonzero outgoing edge leads to a bias created at the stage, into which it is folded: b_m += max(b_j, 0) w_jm.
// Top-down: a unit without nonzero outgoing weights goes.
function uselessUnits(net, stage) {
  const [weights, biases] = [net.weights.map(copied), net.biases.map(copied)];
  const heads = net.heads.map((head) => ({ ...head, weights: copied(head.weights), bias: head.bias.slice() }));
  const readers = (l) => (l + 1 < weights.length ? [[weights[l + 1], biases[l + 1], (m) => net.introduced[l + 1][m]]]
    : heads.map((head) => [head.weights, head.bias, () => head.stage]));
  const outgoing = (l, j) => readers(l).flatMap(([w, b, born]) =>
    range(w.columns).filter((m) => at(w, j, m) !== 0).map((m) => ({ w, b, m, isNew: born(m) === stage })));
  const isNew = (l) => range(biases[l].length).filter((j) => net.introduced[l][j] === stage);
  const useless = weights.map(() => new Set());
  weights.forEach((w, l) => {
    for (const j of isNew(l).filter((unit) => column(w, unit).every((v) => v === 0))) {
      const constant = Math.max(biases[l][j], 0), edges = outgoing(l, j);
      if (constant !== 0 && !edges.every((edge) => edge.isNew)) continue;
      useless[l].add(j);
      for (const { w: above, b, m } of edges) {
        b[m] += constant * at(above, j, m);
        above.data[j * above.columns + m] = 0;
      }
    }
  });
  for (let l = weights.length - 1; l >= 0; l--) {
    for (const j of isNew(l).filter((unit) => !useless[l].has(unit) && !outgoing(l, unit).length)) {
      useless[l].add(j);
      for (let i = 0; i < weights[l].rows; i++) weights[l].data[i * weights[l].columns + j] = 0;
    }
  }
  const folded = { ...net, biases, heads: heads.map((head, i) => ({ ...net.heads[i], bias: head.bias })) };
  return { useless: useless.map((gone) => units([...gone].sort((a, b) => a - b))), folded };
}

// The network without these units; the others keep their order.
function deleteUnits(net, gone) {
  const kept = net.biases.map((b, l) => range(b.length).filter((j) => !gone[l].includes(j)));
  const rows = [range(net.weights[0].rows), ...kept], all = (vectors) => vectors.map((v, l) => picked(v, kept[l]));
  return { weights: net.weights.map((w, l) => taken(w, rows[l], rows[l + 1])), biases: all(net.biases),
    introduced: all(net.introduced), retired: all(net.retired),
    heads: net.heads.map((head) => ({ ...head, weights: takenRows(head.weights, kept.at(-1)) })) };
}

// --- Algorithm 4: drift and split -----------------------------------------------------------------------------------

// rho = norm of the change of a unit's bias and incoming weights since W^{t-1}, over units older than t and visible to
// it.  "relative" divides by the norm of the same entries of W^{t-1}: 0/0 = 0, x/0 = infinity.
function unitDrift(net, previous, stage, kind) {
  const old = older(net, stage);
  const rho = old.slice(1).map((layer, l) => Float64Array.from(layer, (j) => {
    const entries = ({ weights, biases }) => [...Array.from(old[l], (i) => at(weights[l], i, j)), biases[l][j]];
    const [now, then] = [entries(net), entries(previous)], change = norm(now.map((v, i) => v - then[i]));
    return kind === "absolute" || change === 0 ? change : change / norm(then);
  }));
  return { units: old.slice(1), rho };
}

// Per layer the units with rho > sigma, ascending; of more than atMost the most drifted, ties to the lower index.
const mostDrifted = (layers, rho, sigma, atMost = NEVER) => layers.map((layer, l) => {
  const over = range(layer.length).filter((i) => rho[l][i] > sigma[l]).sort((a, b) => rho[l][b] - rho[l][a] || a - b);
  return units(over.slice(0, atMost).map((i) => layer[i]).sort((a, b) => a - b));
});

// Where every weight comes from: [kind of the unit it leaves][kind of the unit it reaches].  NOW is W^t, THEN W^{t-1}.
const [OLDER, SPLIT, COPY, NEW, RETIRED] = range(5), [NOW, THEN, ZERO] = range(3);
const edgeTable = (original) => [
  // into OLDER                           SPLIT  COPY  NEW   RETIRED
  [NOW,                                   THEN,  NOW,  NOW,  NOW],     // from OLDER
  [original === "retire" ? THEN : NOW,    THEN,  ZERO, ZERO, NOW],     // from SPLIT
  [NOW,                                   ZERO,  NOW,  NOW,  ZERO],    // from COPY
  [NOW,                                   ZERO,  NOW,  NOW,  NOW],     // from NEW
  [NOW,                                   NOW,   ZERO, NOW,  NOW],     // from RETIRED
];

function kindsAfterSplit(net, l, split, stage) {
  const kind = (j) => (split.includes(j) ? SPLIT : net.retired[l][j] <= stage ? RETIRED
    : net.introduced[l][j] === stage ? NEW : OLDER);
  return [...range(net.biases[l].length).map(kind), ...Array.from(split, () => COPY)];
}

// The original gets its incoming weights and bias of W^{t-1} back; its copy, introduced now and appended, takes those
// of W^t.  "retire": the copy stands in for it from this stage on.  "keep": this stage and later ones see both.
function splitUnits(net, previous, split, stage, original) {
  const table = edgeTable(original), after = { weights: [], biases: [], introduced: [], retired: [] };
  let below = { kinds: range(net.weights[0].rows).map(() => OLDER), from: range(net.weights[0].rows) };
  split.forEach((chosen, l) => {
    const above = { kinds: kindsAfterSplit(net, l, chosen, stage), from: [...range(net.biases[l].length), ...chosen] };
    const { from: rows, kinds: lower } = below;
    after.weights.push(filled(rows.length, above.from.length, (i, j) => {
      const source = table[lower[i]][above.kinds[j]];
      return source === ZERO ? 0 : at((source === THEN ? previous : net).weights[l], rows[i], above.from[j]);
    }));
    const biasOf = (unit, j) => (above.kinds[j] === SPLIT ? previous : net).biases[l][unit];
    after.biases.push(Float64Array.from(above.from, biasOf));
    after.introduced.push(grownBy(net.introduced[l], chosen.length, stage));
    const gone = net.retired[l].map((t, j) => (original === "retire" && chosen.includes(j) ? stage : t));
    after.retired.push(grownBy(gone, chosen.length, NEVER));
    below = above;
  });
  const silent = (head) => (head.stage === stage ? SPLIT : COPY);   // this stage's head reads the copies, others do not
  const heads = net.heads.map((head) => ({ ...head, weights: filled(below.from.length, head.weights.columns,
    (i, o) => (below.kinds[i] === silent(head) ? 0 : at(head.weights, below.from[i], o))) }));
  return { ...after, heads };
}

// --- Algorithm 1 ----------------------------------------------------------------------------------------------------

// den_ref's options for the toy stream.
const TOY_OPTIONS = {
  hidden: [24, 12], k: 16, tau: 0.2, sigma: 0.1, mu: [8e-3, 3e-3], mu_head: 0.02, mu_l2: 1e-4, gamma: 1e-3,
  lam: [0.15, 1.5e-3], weight_decay: 1e-5, init_scale: 1.5, step: 0.01, step_end: 0.05, batch: 250, patience: 80,
  epochs_eq2: 250, epochs_eq4: 100, epochs_eq5: 150, epochs_eq6: 50,
  anchor_before_split: "eq4", drift: "relative", split_original: "retire", loss_split: "validation" };

const bornFirst = (widths) => ({ introduced: widths.map((n) => new Int32Array(n).fill(1)),
  retired: widths.map((n) => new Int32Array(n).fill(NEVER)) });

// t = 1: Eq. 2, drop useless units.  t > 1: Algorithm 2; if L_t > tau, Algorithm 3; then Algorithm 4.
// random.draw(rows, columns, deviation) gives weights, random.order(n) an order of samples: all that is left to chance.
// A task is {train: {x, y}, valid: {x, y}}; every box is told as {stage, box, before, after, ...facts}.
class DEN {
  constructor(options, random) {
    Object.assign(this, { o: { ...TOY_OPTIONS, ...options }, random, network: null, stage: 0 });
  }

  * boxes(task) {
    this.stage++;
    this.task = task;
    this.previous = this.network ?? this.start(task.train.x.columns);
    this.network = this.stage === 1 ? yield* this.wholeNetwork() : yield* this.laterStage();
  }

  told(box, before, after, facts = {}) {
    return { stage: this.stage, box, before, after, ...facts };
  }

  // Weights normal with deviation sqrt(2 / n_in), biases 0, no head.
  start(inputs) {
    const sizes = [inputs, ...this.o.hidden];
    return { weights: this.o.hidden.map((n, l) => this.draw(units(range(sizes[l])), n)),
      biases: this.o.hidden.map((n) => new Float64Array(n)), ...bornFirst(this.o.hidden), heads: [] };
  }

  draw(below, columns, scale = 1) {
    return this.random.draw(below.length, columns, scale * Math.sqrt(2 / Math.max(below.length, 1)), below);
  }

  * wholeNetwork() {
    const outputs = this.task.train.y.columns, top = range(this.previous.biases.at(-1).length);
    const head = { stage: 1, weights: this.draw(top, outputs), bias: new Float64Array(outputs) };
    const before = withHead(this.previous, head);
    const after = this.solveCut(before, visible(before, 1), (p) => eq2(p, this.o), "eq2", false);
    yield this.told("eq2", before, after);
    return yield* this.prune(after);
  }

  * prune(before) {
    const { useless, folded } = uselessUnits(before, this.stage), after = deleteUnits(folded, useless);
    yield this.told("prune", before, after, { useless });
    return after;
  }

  * laterStage() {
    let net = yield* this.selectiveRetraining(this.previous);
    const loss = this.loss(net), expand = loss > this.o.tau;
    yield this.told("loss", net, net, { loss, expand });
    if (expand) net = yield* this.dynamicExpansion(net);
    return yield* this.splitAndDuplicate(net);
  }

  // Algorithm 2: Eq. 3 for the head, walk down the nonzero edges, Eq. 4 on what was reached.
  * selectiveRetraining(before) {
    const seen = visible(before, this.stage), { x, y } = this.task.train, outputs = y.columns;
    const weights = matrix(before.biases.at(-1).length, outputs), blank = { weights, bias: new Float64Array(outputs) };
    const features = activations(x, extract(before, seen, blank)).at(-1), fit = solvedHead(features, y, this.o.mu_head);
    seen.at(-1).forEach((unit, i) => weights.data.set(rowOf(fit.head, i), unit * outputs));
    let net = withHead(before, { stage: this.stage, weights, bias: fit.headBias });
    yield this.told("eq3", before, net);
    const selected = selectUnits(net, this.stage, weights);
    yield this.told("select", net, net, { selected });
    if (!selected.at(-1).length) return net;
    const start = net;
    net = this.solveCut(start, selected, (p) => eq4(p, edgesOf(p), this.o), "eq4", true);
    yield this.told("eq4", start, net);
    return net;
  }

  // Algorithm 3: append k units, Eq. 5, remove what the group lasso left useless.
  * dynamicExpansion(before) {
    const counts = perLayer(this.o.k, before.biases.length), grown = appendUnits(before, counts, this.stage);
    const seen = visible(grown, this.stage), old = older(grown, this.stage).map((layer) => layer.length), trace = [];
    const put = (m, values, rows, first) => rows.forEach((r, i) => m.data.set(rowOf(values, i), r * m.columns + first));
    const weights = grown.weights.map(copied), head = headOf(grown, this.stage), rows = copied(head.weights);
    weights.forEach((w, l) => put(w, this.draw(seen[l], counts[l], this.o.init_scale), seen[l], w.columns - counts[l]));
    const deviation = this.o.init_scale * Math.sqrt(2 / Math.max(seen.at(-1).length, 1));
    put(rows, this.random.draw(counts.at(-1), rows.columns, deviation), seen.at(-1).slice(old.at(-1)), 0);
    const start = withHead({ ...grown, weights }, { ...head, weights: rows });
    const norms = (p) => p.weights.map((w, l) => range(w.columns).slice(old[l + 1]).map((j) => norm(column(w, j))));
    const watch = (p) => trace.push(norms(p));
    const after = this.solveCut(start, seen, (p) => eq5(p, old.slice(1), this.o), "eq5", false, watch);
    yield this.told("eq5", before, after, { norms: trace });
    return yield* this.prune(after);
  }

  // Algorithm 4: measure drift, split what exceeds sigma, Eq. 6.
  * splitAndDuplicate(before) {
    let net = before;
    if (this.o.anchor_before_split === "eq6") yield this.told("eq6", before, net = this.pullBack(before));
    const { units: old, rho } = unitDrift(net, this.previous, this.stage, this.o.drift);
    const split = mostDrifted(old, rho, perLayer(this.o.sigma, rho.length), this.o.max_splits);
    const duplicated = splitUnits(net, this.previous, split, this.stage, this.o.split_original);
    yield this.told("split", net, duplicated, { older: old, rho, split });
    const after = this.pullBack(duplicated, "eq6_after");
    yield this.told("eq6_after", duplicated, after);
    return after;
  }

  pullBack(net, name = "eq6") {
    const old = older(net, this.stage), anchor = extract(this.previous, old, headOf(net, this.stage));
    return this.solveCut(net, visible(net, this.stage), (p) => eq6(p, edgesOf(p), anchor, this.o), name, true);
  }

  // Cut units out, solve an equation on them, put back what came out.
  solveCut(net, chosen, equation, name, startCompetes, watch) {
    const head = headOf(net, this.stage), p = extract(net, chosen, head);
    const of = ({ x, y }) => ({ x: chosen[0].length < x.columns ? taken(x, range(x.rows), chosen[0]) : x, y });
    const [data, validation] = [of(this.task.train), of(this.task.valid)];
    return insert(net, chosen, this.solve(equation(p), p, data, validation, name, startCompetes, watch), head);
  }

  solve(parts, p, data, validation, name, startCompetes, watch) {
    const epochs = this.o[`epochs_${name.slice(0, 3)}`];
    return train(parts, p, data, validation, epochs, this.o, (n) => this.random.order(n), startCompetes, watch);
  }

  loss(net) {
    const { x, y } = this.o.loss_split === "train" ? this.task.train : this.task.valid;
    return lossOf(scores(net, this.stage, x), y).value;
  }
}

// How the paper reads where the options above differ from it.
const PAPER = { weight_decay: 0, loss_split: "train", anchor_before_split: "eq6", drift: "absolute" };

// Algorithm 1 from given numbers, every solve a few ISTA steps on all samples: what the golden case den_trace asks.
class GivenDEN extends DEN {
  constructor(options, given) {
    const draw = (rows, columns, deviation, below) =>
      (below && this.stage > 1 ? takenRows(this.next(), below) : this.next());
    super({ ...options, ...PAPER }, { draw });
    Object.assign(this, { given, queue: [] });
  }

  start() {
    const { weights, biases } = this.given;
    return { weights, biases, ...bornFirst(biases.map((b) => b.length)), heads: [] };
  }

  next() {
    if (this.stage === 1) return this.given.head;
    if (!this.queue.length) this.queue = [...this.given.new_weights, this.given.new_head];
    return this.queue.shift();
  }

  solve(parts, p, data) {
    for (let k = 0; k < this.o.steps; k++) istaUpdate(parts, p, backpropagation(data, p).gradient, this.o.step);
    return p;
  }
}

// --- metrics --------------------------------------------------------------------------------------------------------

// The share of the pairs of a positive and a negative in which the positive scores higher; a tie is one half.
function auroc(scored, labels) {
  const of = (label) => Array.from(scored).filter((_, i) => labels[i] === label), [positive, negative] = [of(1), of(0)];
  let won = 0;
  for (const p of positive) for (const q of negative) won += p > q ? 1 : p === q ? 0.5 : 0;
  return won / (positive.length * negative.length);
}

const mean = (xs) => (xs.length ? sum(xs) / xs.length : NaN);

// R[i][j]: how well task j does after stage i.  Backward transfer: the last row against the diagonal.  Forgetting: the
// best a task was before the last stage, minus what is left.  Forward transfer: the diagonal against separate networks.
function performanceOf(R, separate) {
  const last = R.rows - 1, earlier = range(Math.max(last, 0)), r = (i, j) => at(R, i, j);
  const best = (j) => range(last).slice(j).map((i) => r(i, j)).reduce((a, b) => (a >= b || a !== a ? a : b));
  return { average_performance: mean(range(R.rows).map((j) => r(last, j))),
    backward_transfer: mean(earlier.map((j) => r(last, j) - r(j, j))),
    forgetting: mean(earlier.map((j) => best(j) - r(last, j))),
    forward_transfer: mean(earlier.map((j) => r(j + 1, j + 1) - separate[j + 1])) };
}

// --- the toy stream -------------------------------------------------------------------------------------------------

// A generator of one's own, so that a seed gives the same run in every browser (mulberry32), and normal numbers of it.
function generator(seed) {
  const uniform = () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const order = (n) => {
    const rows = range(n);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [rows[i], rows[j]] = [rows[j], rows[i]];
    }
    return rows;
  };
  const draw = (rows, columns, deviation) => filled(rows, columns, () => deviation * normal());
  return { uniform, normal, order, draw };
}

// Four tasks on twelve standard normal inputs; with p = x_0 x_1 and q = x_2 x_3:  p > 0, q > 0, p + q > 0, p - q > 0.
function toyStream(seed, sizes = { train: 1000, valid: 300, test: 500 }) {
  const random = generator(seed);
  const samples = (n, a, b) => {
    const x = random.draw(n, 12, 1), label = (i) => a * at(x, i, 0) * at(x, i, 1) + b * at(x, i, 2) * at(x, i, 3) > 0;
    return { x, y: filled(n, 1, (i) => (label(i) ? 1 : 0)) };
  };
  return [[1, 0], [0, 1], [1, 1], [1, -1]].map(([a, b]) =>
    Object.fromEntries(Object.entries(sizes).map(([split, n]) => [split, samples(n, a, b)])));
}

// --- golden values: the wire, the operations, the verdict -----------------------------------------------------------

const TYPES = { float64: Float64Array, float32: Float32Array, int64: Int32Array, int32: Int32Array, bool: Uint8Array };
const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const read = (x) => WORDS[x] ?? x;
const written = (x) =>
  (Number.isFinite(x) || typeof x !== "number" ? x : Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");

function decoded(value) {
  if (!value.data) return read(value);
  const data = TYPES[value.dtype].from(value.data, (v) => Number(read(v)));
  return value.shape.length === 2 ? matrix(...value.shape, data) : data;
}

function encoded(value) {
  if (value.rows === undefined && !ArrayBuffer.isView(value)) return written(value);
  const data = value.data ?? value, bool = data instanceof Uint8Array;
  return { dtype: bool ? "bool" : data instanceof Int32Array ? "int64" : "float64",
    shape: value.data ? [value.rows, value.columns] : [data.length],
    data: Array.from(data, (v) => (bool ? v === 1 : written(v))) };
}

// Names like weights/0, weights/1 are one list, weights; and back.
function gathered(inputs) {
  const lists = { weights: [], biases: [] };
  for (const [name, value] of Object.entries(inputs)) {
    const [list, i] = name.split("/");
    if (i === undefined) lists[list] = decoded(value);
    else (lists[list] ??= [])[Number(i)] = decoded(value);
  }
  return lists;
}

const spread = (outputs) => Object.fromEntries(Object.entries(outputs).flatMap(([name, value]) =>
  (Array.isArray(value) ? value.map((one, i) => [`${name}/${i}`, encoded(one)]) : [[name, encoded(value)]])));

const pointOf = (i) => ({ weights: i.weights, biases: i.biases, head: i.head, headBias: i.head_bias });
const dataOf = (i) => ({ x: i.x, y: i.labels, loss: i.loss });
const networkOf = (i) => ({ weights: i.weights, biases: i.biases, introduced: i.introduced, retired: i.retired,
  heads: (i.heads ?? []).map((weights, t) => ({ stage: i.head_stages[t], weights, bias: i.head_biases[t] })) });
const fieldsOf = ({ weights, biases, introduced, retired, heads }) => ({ weights, biases, introduced, retired,
  heads: heads.map((head) => head.weights), head_biases: heads.map((head) => head.bias),
  head_stages: units(heads.map((head) => head.stage)) });
const previousOf = (i) => ({ weights: i.previous_weights, biases: i.previous_biases });
const gradientFields = (g) => ({ dweights: g.weights, dbiases: g.biases, dhead: g.head, dhead_bias: g.headBias });

function objective(inputs, equation) {
  const p = pointOf(inputs), parts = equation(p), { value, gradient } = backpropagation(dataOf(inputs), p);
  return { smooth: value, penalty: penaltyOf(parts, p), ...gradientFields(freeGradient(parts, gradient)) };
}

// What den_trace tells of the boxes that are more, or less, than a solve.
const STATE = ["weights", "biases", "heads", "head_biases"];
const TOLD = { select: ["selected"], loss: ["value", "expand"], prune: ["useless", ...STATE],
  split: ["rho", "split", "introduced", "retired", ...STATE] };

function traced(i) {
  const tasks = i.x.map((x, t) => ({ train: { x, y: i.y[t] }, valid: { x, y: i.y[t] } }));
  const den = new GivenDEN({ ...i, sigma: [...i.sigma], hidden: i.biases.map((b) => b.length) }, i), outputs = {};
  for (const task of tasks) {
    for (const done of den.boxes(task)) {
      const all = { ...fieldsOf(done.after), ...done, value: done.loss };
      for (const name of TOLD[done.box] ?? STATE) outputs[`t${done.stage}_${done.box}_${name}`] = all[name];
    }
  }
  return { ...outputs, end_logits: tasks.map((task, t) => scores(den.network, t + 1, task.train.x)) };
}

const operations = {
  affine_forward: ({ x, w, b }) => ({ out: affineForward(x, w, b) }),
  affine_backward: ({ x, w, dout }) => affineBackward(dout, x, w),
  relu_forward: ({ a }) => ({ h: reluForward(a) }),
  relu_backward: ({ dh, a }) => ({ da: reluBackward(dh, a) }),
  sigmoid_cross_entropy: ({ logits, labels }) => sigmoidCrossEntropy(logits, labels),
  softmax_cross_entropy: ({ logits, labels }) => softmaxCrossEntropy(logits, labels),
  network_forward: (i) => ({ hidden: activations(i.x, i).slice(1), logits: scoresOf(i.x, pointOf(i)) }),
  network_backward: (i) => {
    const { value, gradient } = backpropagation(dataOf(i), pointOf(i));
    return { value, ...gradientFields(gradient) };
  },

  soft_threshold: ({ w, step, mu }) => ({ w: w.map((v) => shrunk(v, step * mu)) }),
  soft_threshold_metric: ({ w, d, mu }) => ({ w: w.map((v, i) => shrunk(v, mu / d[i])) }),
  squared_l2_prox: ({ w, step, strength, anchor }) =>
    ({ w: w.map((v, i) => pulled(v, 1 / step, strength, anchor[i])) }),
  squared_l2_prox_metric: ({ w, d, strength, anchor }) =>
    ({ w: w.map((v, i) => pulled(v, d[i], strength, anchor[i])) }),
  group_soft_threshold: ({ w, step, gamma }) => ({ w: sparseGroupProx(w, step, 0, gamma) }),
  group_soft_threshold_metric: ({ w, d, gamma }) =>
    ({ w: byColumn(w, (z, j) => groupShrunkInMetric(z, column(d, j), gamma)) }),
  sparse_group_prox: ({ w, step, mu, gamma }) => ({ w: sparseGroupProx(w, step, mu, gamma) }),
  sparse_group_prox_metric: ({ w, d, mu, gamma }) => ({ w: byColumn(w, (z, j) =>
    groupShrunkInMetric(z.map((v, i) => shrunk(v, mu / at(d, i, j))), column(d, j), gamma)) }),

  ista_step: ({ w, b, dw, db, step, mu, gamma }) => istaStep(w, b, dw, db, step, mu, gamma),
  fista: ({ quadratic, linear, mu, start, step, iterations }) => {
    const gradient = (x) => linear.map((v, i) => v + sum(x.map((u, j) => at(quadratic, i, j) * u)));
    const iterates = fista(gradient, mu, start, step, iterations);
    return { iterates: filled(iterations, start.length, (i, j) => iterates[i][j]) };
  },
  solve_head: ({ features, labels, loss, mu_head }) => {
    const p = { weights: [], biases: [], ...solvedHead(features, labels, mu_head, loss) };
    const { value, gradient } = backpropagation({ x: features, y: labels, loss }, p);
    return { objective: value + mu_head * sum(p.head.data.map(Math.abs)), residual: headResidual(p, gradient, mu_head),
      support: nonzero(p.head) };
  },

  objective_eq2: (i) => objective(i, (p) => eq2(p, { ...i, weight_decay: 0 })),
  objective_eq3: ({ features, mu_head, ...i }) => {
    const at3 = objective({ ...i, x: features }, (p) => eq2(p, { mu: mu_head, weight_decay: 0 }));
    return { ...at3, dweights: [], dbiases: [] };
  },
  objective_eq4: (i) => objective(i, (p) => eq4(p, i.edges ?? [], { mu_l2: i.mu_l2 })),
  objective_eq4_l1: (i) => objective(i, (p) => eq4(p, i.edges ?? [], { mu_l2: i.mu_l2, mu_eq4: i.mu })),
  objective_eq5: (i) => objective(i, (p) => eq5(p, i.older, { ...i, weight_decay: 0 })),
  objective_eq6: ({ anchor_weights = [], anchor_biases = [], edges = [], ...i }) => objective(i, (p) =>
    eq6(p, edges, { weights: anchor_weights, biases: anchor_biases }, { lam: i.lam, weight_decay: 0 })),

  select_units: (i) => ({ selected: selectUnits(networkOf(i), i.stage, i.head) }),
  extract_subnetwork: (i) => {
    const p = extract(i, i.units, { weights: i.head, bias: i.head_bias });
    return { sub_weights: p.weights, sub_biases: p.biases, sub_head: p.head, sub_head_bias: p.headBias,
      edges: edgesOf(p) };
  },
  insert_subnetwork: (i) => {
    const p = { weights: i.sub_weights ?? [], biases: i.sub_biases ?? [], head: i.sub_head, headBias: i.sub_head_bias };
    const after = insert({ ...i, heads: [] }, i.units, p, { stage: 1, weights: i.head, bias: i.head_bias });
    const [head] = after.heads;
    return { weights: after.weights, biases: after.biases, head: head.weights, head_bias: head.bias };
  },
  append_units: (i) => fieldsOf(appendUnits(networkOf(i), i.counts, i.stage)),
  useless_units: (i) => {
    const { useless, folded } = uselessUnits(networkOf(i), i.stage), left = fieldsOf(deleteUnits(folded, useless));
    return { useless, biases: left.biases, head_biases: left.head_biases };
  },
  delete_units: (i) => fieldsOf(deleteUnits(networkOf(i), i.units)),
  unit_drift: (i) => {
    const { units: found, rho } = unitDrift(networkOf(i), previousOf(i), i.stage, i.drift);
    return { older: found, rho };
  },
  most_drifted: (i) => ({ split: mostDrifted(i.older, i.rho, i.sigma, i.at_most) }),
  split_units: (i) => fieldsOf(splitUnits(networkOf(i), previousOf(i), i.split, i.stage, i.original)),
  predict_task: (i) => ({ logits: scores(networkOf(i), i.stage, i.x) }),
  auroc: ({ scores: scored, labels }) => ({ auroc: auroc(scored, labels) }),
  performance_matrix_metrics: ({ R, separate }) => performanceOf(R, separate),
  den_trace: traced,
};

function answer({ id, operation, inputs }) {
  if (!(operation in operations)) return { id, not_implemented: true };
  try {
    return { id, outputs: spread(operations[operation](gathered(inputs))) };
  } catch (error) {
    return { id, error: error.stack };
  }
}

// den_ref's own rule: right is what is equal, or  abs(got - want) <= atol max abs(want) + rtol abs(want).
const TOLERANCES = { exact: [0, 0], f64: [1e-10, 1e-12], sparse: [1e-10, 1e-12], solve: [1e-6, 1e-8] };

function isRight(got, want, kind) {
  const [g, w] = [got, want].map((v) => Array.from(v.data ?? [v], (x) => Number(read(x))));
  if (String(got.shape) !== String(want.shape) || (w.length && got.dtype !== want.dtype)) return false;
  if (kind === "bound") return g.every((v, i) => v >= 0 && v <= w[i]);
  const [rtol, atol] = TOLERANCES[kind], scale = Math.max(0, ...w.filter(Number.isFinite).map(Math.abs));
  const near = (v, u) => Number.isFinite(u) && Math.abs(v - u) <= atol * scale + rtol * Math.abs(u);
  return g.every((v, i) => Object.is(v, w[i]) || v === w[i] || ((kind !== "sparse" || w[i] !== 0) && near(v, w[i])));
}

// Does this file pass a golden case?  Every output asked for must be there, and right, and no other.
function passes(one) {
  const { outputs } = answer(one), kinds = one.tolerance;
  const kindOf = (name) => kinds[name] ?? kinds[name.replace(/\/\d+/g, "/*")];
  return !!outputs && Object.keys(outputs).length === Object.keys(one.expected).length
    && Object.entries(one.expected).every(([name, want]) =>
      name in outputs && isRight(outputs[name], want, kindOf(name)));
}

if (typeof module !== "undefined" && typeof require !== "undefined") {
  module.exports = { DEN, TOY_OPTIONS, answer, auroc, decoded, generator, operations, passes, scores, toyStream };
  if (require.main === module) {
    console.log(JSON.stringify({ hello: "den-golden", schema: 1 }));
    require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const message = JSON.parse(line);
      if (!message.hello) console.log(JSON.stringify(answer(message)));
    });
  }
}
