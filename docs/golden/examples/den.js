// Pieces of DEN in JavaScript without dependencies: what an adapter in another language looks like.
//
//     den-ref golden check --exec "node den.js"
//
// One JSON object a line: a greeting, then an answer to every question.  Nothing else may go to stdout;
// console.error is free.
"use strict";

// --- the wire: arrays are {dtype, shape, data}, data row after row -----------------------------------------------

const array = (data, shape, dtype = "float64") => ({ dtype, shape, data: data.map(written) });
const written = (x) => (Number.isNaN(x) ? "nan" : x === Infinity ? "inf" : x === -Infinity ? "-inf" : x);
const read = (x) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[x] ?? x;
const matrix = (m) => ({ rows: m.shape[0], columns: m.shape[1], at: (i, j) => m.data[i * m.shape[1] + j] });
const filled = (rows, columns, entry) =>
  array(range(rows).flatMap((i) => range(columns).map((j) => entry(i, j))), [rows, columns]);
const range = (n) => [...Array(n).keys()];
const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const list = (inputs, name, i = 0) =>
  `${name}/${i}` in inputs ? [inputs[`${name}/${i}`], ...list(inputs, name, i + 1)] : [];

// --- operations: inputs by name in, outputs by name out -----------------------------------------------------------

const shrunk = (x, threshold) => Math.sign(x) * Math.max(Math.abs(x) - threshold, 0) + 0;

function groupSoftThreshold(w, threshold) {
  const m = matrix(w);
  const norms = range(m.columns).map((j) => Math.hypot(...range(m.rows).map((i) => m.at(i, j))));
  return filled(m.rows, m.columns, (i, j) => (norms[j] > threshold ? m.at(i, j) * (1 - threshold / norms[j]) : 0));
}

const operations = {
  affine_forward({ x, w, b }) {
    const [X, W] = [matrix(x), matrix(w)];
    const product = (n, j) => sum(range(W.rows).map((i) => X.at(n, i) * W.at(i, j)));
    return { out: filled(X.rows, W.columns, (n, j) => product(n, j) + b.data[j]) };
  },

  affine_backward({ x, w, dout }) {
    const [X, W, D] = [matrix(x), matrix(w), matrix(dout)];
    return {
      dx: filled(X.rows, W.rows, (n, i) => sum(range(W.columns).map((j) => D.at(n, j) * W.at(i, j)))),
      dw: filled(W.rows, W.columns, (i, j) => sum(range(X.rows).map((n) => X.at(n, i) * D.at(n, j)))),
      db: array(range(W.columns).map((j) => sum(range(X.rows).map((n) => D.at(n, j)))), [W.columns]),
    };
  },

  relu_forward: ({ a }) => ({ h: array(a.data.map((x) => Math.max(x, 0)), a.shape) }),

  relu_backward: ({ dh, a }) => ({ da: array(a.data.map((x, i) => (x > 0 ? dh.data[i] : 0)), a.shape) }),

  sigmoid_cross_entropy({ logits, labels }) {
    const n = Math.max(logits.shape[0], 1);
    const terms = logits.data.map((z, i) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - labels.data[i] * z);
    const slopes = logits.data.map((z, i) => (1 / (1 + Math.exp(-z)) - labels.data[i]) / n);
    return { value: sum(terms) / n, dlogits: array(slopes, logits.shape) };
  },

  soft_threshold: ({ w, step, mu }) => ({ w: array(w.data.map((x) => shrunk(x, step * mu)), w.shape) }),

  group_soft_threshold: ({ w, step, gamma }) => ({ w: groupSoftThreshold(w, step * gamma) }),

  sparse_group_prox({ w, step, mu, gamma }) {
    const entries = array(w.data.map((x) => shrunk(x, step * mu)), w.shape);
    return { w: groupSoftThreshold(entries, step * gamma) };
  },

  ista_step({ w, b, dw, db, step, mu, gamma }) {
    const moved = (x, dx) => array(x.data.map((value, i) => value - step * dx.data[i]), x.shape);
    return { ...operations.sparse_group_prox({ w: moved(w, dw), step, mu, gamma }), b: moved(b, db) };
  },

  // A list comes as weights/0, weights/1, ... and goes back in the same way.
  select_units(inputs) {
    const { stage, head } = inputs;
    const weights = list(inputs, "weights").map(matrix);
    const [introduced, retired] = [list(inputs, "introduced"), list(inputs, "retired")];
    const seen = (layer, unit) =>
      layer === 0 || (introduced[layer - 1].data[unit] <= stage && stage < retired[layer - 1].data[unit]);
    let [above, edges] = [range(head.shape[1]), matrix(head)];
    const outputs = {};
    for (let layer = weights.length; layer >= 0; layer--) {
      above = range(edges.rows).filter((i) => seen(layer, i) && above.some((j) => edges.at(i, j) !== 0));
      outputs[`selected/${layer}`] = array(above, [above.length], "int64");
      edges = weights[layer - 1];
    }
    return outputs;
  },

  auroc({ scores, labels }) {
    const of = (label) => scores.data.filter((_, i) => labels.data[i] === label);
    const pairs = of(1).flatMap((p) => of(0).map((q) => (p > q ? 1 : p === q ? 0.5 : 0)));
    return { auroc: written(sum(pairs) / pairs.length) };
  },
};

// --- one line in, one line out ------------------------------------------------------------------------------------

function answer({ id, operation, inputs }) {
  if (!(operation in operations)) return { id, not_implemented: true };
  for (const value of Object.values(inputs)) if (value.data) value.data = value.data.map(read);
  try {
    return { id, outputs: operations[operation](inputs) };
  } catch (error) {
    return { id, error: error.stack };
  }
}

console.log(JSON.stringify({ hello: "den-golden", schema: 1 }));
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (!message.hello) console.log(JSON.stringify(answer(message)));
});
