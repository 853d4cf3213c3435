/** jax.lax's functions as `lax.…`. */
export * as lax from "./members.js";
