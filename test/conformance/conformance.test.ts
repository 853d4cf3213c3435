/** Every suite of recorded vectors, on the interpreter, js and wasm. */
import { defineSuites } from "./all-suites.js";

defineSuites();
