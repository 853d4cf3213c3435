/** What the page's devices do, whoever asked for them: pipelines they make, errors nobody catches, and their loss. */

export function watch() {
  let made = [];
  let errors = [];
  let lost = null;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    device.addEventListener("uncapturederror", ({ error }) => errors.push(error.message.split("\n")[0]));
    device.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") lost ??= `device lost: ${message}`;
    });
    return device;
  };
  const { createComputePipeline, createComputePipelineAsync } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipelineAsync = async function (...args) {
    const start = performance.now();
    try {
      return await createComputePipelineAsync.apply(this, args);
    } finally {
      made.push(performance.now() - start);
    }
  };
  GPUDevice.prototype.createComputePipeline = function (...args) {
    // It returns before the pipeline is there.
    made.push(null);
    return createComputePipeline.apply(this, args);
  };
  return {
    clear() {
      made = [];
      errors = [];
    },
    /** How many, and how long the slowest took; null where that cannot be seen. */
    pipelines() {
      const known = made.filter((ms) => ms !== null);
      return { count: made.length, slowestMs: known.length === 0 ? null : Math.max(...known) };
    },
    errors: () => errors.slice(0, 1),
    lost: () => lost,
  };
}
