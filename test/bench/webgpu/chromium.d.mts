/** Types of chromium.mjs, which tests use too. */
export const executablePath: string;
export const flags: readonly string[];
