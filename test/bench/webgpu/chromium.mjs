/** Which browser is started, and how: without a window, with WebGPU on its software adapter. */

export const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const flags = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--disable-default-apps",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];
