// Learns toy streams handed over as JSON, one a line: {options, tasks, draws, orders}; answers which units boxes chose.
"use strict";

const { DEN, decoded } = require(process.argv[2]);

// All that is left to chance, as it was elsewhere: weights in the order of drawing, and of every solve the orders of
// samples, epoch by epoch.
class Replayed extends DEN {
  constructor(options, { draws, orders }) {
    super(options, { draw: () => decoded(draws.shift()), order: () => Int32Array.from(this.orders.shift()) });
    this.solves = orders;
  }

  solve(...problem) {
    this.orders = this.solves.shift();
    return super.solve(...problem);
  }
}

const CHOICES = { select: "selected", prune: "useless", split: "split" };
const samples = ({ x, y }) => ({ x: decoded(x), y: decoded(y) });
const plain = (layers = []) => layers.map((layer) => [...layer]);

function learnt({ options, tasks, ...chance }) {
  const den = new Replayed(options, chance);
  return tasks.flatMap(({ train, valid }) => [...den.boxes({ train: samples(train), valid: samples(valid) })])
    .map((done) => [done.stage, done.box, plain(done[CHOICES[done.box]]), plain(done.rho)]);
}

require("readline").createInterface({ input: process.stdin })
  .on("line", (line) => console.log(JSON.stringify(learnt(JSON.parse(line)))));
