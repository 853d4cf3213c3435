/**
 * Fits the constants of the cost model to measured layers, one constant after another, each by a few per cent while that
 * helps. What it minimises: how far each way's prediction is from its time, and what the way it chooses costs.
 */

import { scheduleFor } from "../../dist/compiler/schedule/choose.js";
import { costs } from "../../dist/compiler/schedule/cost.js";
import { median } from "./statistics.mjs";

/** These change what is generated, not what it is thought to cost. */
const shaping = ["unroll", "body"];
const rounds = 12;

/** Every way again, under the constants as they are now. */
function predict(rows) {
  return rows.map(({ ways: { lowerings, target, measured } }) =>
    measured.map(({ choice, ms }) => {
      const lowered = lowerings.find(({ name }) => name === choice.lowered.name);
      const pick = choice.tile === null ? undefined : { tile: choice.tile };
      return { ms, predictedMs: scheduleFor(lowered, target, pick).predictedMs };
    }),
  );
}

function scoreOf(rows) {
  const layers = predict(rows);
  const chosen = layers.map((ways) => ways.reduce((a, b) => (b.predictedMs < a.predictedMs ? b : a)));
  const factor = median(chosen.map(({ ms, predictedMs }) => ms / predictedMs));
  const off = ({ ms, predictedMs }) => Math.abs(Math.log(ms / (predictedMs * factor)));
  const regret = chosen.map(({ ms }, i) => ms / Math.min(...layers[i].map((way) => way.ms)));
  const share = (list, holds) => list.filter(holds).length / list.length;
  // A way that is mispredicted matters little unless it is chosen.
  const all = layers.map((ways) => ways.reduce((sum, way) => sum + Math.min(off(way), 1), 0) / ways.length);
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  return {
    score:
      mean(chosen.map((way) => Math.min(off(way), 1.5))) +
      0.3 * mean(all) +
      2 * mean(regret.map((r) => Math.log(r))),
    factor,
    predicted: share(chosen, (way) => off(way) <= Math.log(1.5)),
    chosen: share(regret, (r) => r <= 1.1),
    meanRegret: Math.exp(mean(regret.map((r) => Math.log(r)))),
  };
}

const text = ({ score, factor, predicted, chosen, meanRegret }) =>
  `score ${score.toFixed(4)}, factor ${factor.toFixed(3)}, within 1.5x ${(100 * predicted).toFixed(0)} %, chosen within 10 % ${(100 * chosen).toFixed(0)} %, mean ${meanRegret.toFixed(3)}x of best`;

/** The suggestion as text. The constants in this process are changed on the way. */
export async function fit(rows) {
  const { target } = rows[0];
  const table = costs[target];
  const before = { ...table };
  const first = scoreOf(rows);
  let best = first;
  const names = Object.keys(table).filter((name) => !shaping.includes(name));
  let step = 0.3;
  for (let round = 0; round < rounds; round++) {
    let moved = false;
    for (const name of names) {
      const old = table[name];
      const tries = name === "registers" ? [old - 1, old + 1] : [old * (1 + step), old / (1 + step)];
      for (const value of tries) {
        table[name] = value;
        const now = scoreOf(rows);
        if (now.score < best.score - 1e-5) {
          best = now;
          moved = true;
          break;
        }
        table[name] = old;
      }
    }
    if (!moved) step /= 2;
    if (step < 0.02) break;
  }
  const lines = names.map(
    (name) =>
      `  ${name}: ${round(table[name])},${table[name] === before[name] ? "" : ` // was ${round(before[name])}`}`,
  );
  return [
    "",
    `constants for ${target}, fitted to ${rows.length} layers`,
    `  before: ${text(first)}`,
    `  after:  ${text(best)}`,
    ...lines,
  ].join("\n");
}

const round = (value) => Number(value.toPrecision(3));
