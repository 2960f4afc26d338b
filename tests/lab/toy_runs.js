// Learns toy streams handed over as JSON, a line each: {options, tasks, draws, orders}; answers which units each box chose.
"use strict";

const { DEN, decoded } = require(process.argv[2]);

// All that is left to chance, as it was elsewhere: weights in the order of drawing, an order of samples for each epoch of
// each solve.
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
const split = ({ x, y }) => ({ x: decoded(x), y: decoded(y) });

function learnt({ options, tasks, ...chance }) {
  const den = new Replayed(options, chance), told = [];
  for (const { train, valid } of tasks)
    for (const done of den.boxes({ train: split(train), valid: split(valid) }))
      told.push([done.stage, done.box, (done[CHOICES[done.box]] ?? []).map((units) => [...units]), (done.rho ?? []).map((rho) => [...rho])]);
  return told;
}

require("readline").createInterface({ input: process.stdin }).on("line", (line) => console.log(JSON.stringify(learnt(JSON.parse(line)))));
