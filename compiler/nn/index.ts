/** Modules by their names, and everything as `nn.…`. */
export { Conv } from "./conv.js";
export * as nn from "./members.js";
export { Module } from "./module.js";
export { Sequential } from "./sequential.js";
