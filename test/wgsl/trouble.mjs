/** A page for the test of the benchmark's browser: steps that go wrong in each of the ways a contender can. */
const steps = {
  add: (a, b) => ({ value: a + b, lost: null }),
  refuse: () => ({ why: "no such layer", lost: null }),
  block: () => {
    for (;;);
  },
  lose: () => ({ value: 0, lost: "device lost: a driver crashed" }),
};

window.take = async (step, ...args) => steps[step](...args);
