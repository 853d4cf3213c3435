/** Modules by their names, and everything as `nn.…`. */
export { Conv } from "./conv.js";
export type { ConvGeneralDilated, PromoteDType } from "./conv-hooks.js";
export { ConvLocal } from "./conv-local.js";
export type { ConvOptions, Padding, PerDimension } from "./conv-options.js";
export { ConvTranspose } from "./conv-transpose.js";
export type { ConvTransposeOptions } from "./conv-transpose-options.js";
export * as nn from "./members.js";
export type { AppliedOutput, ModuleOptions } from "./module.js";
export { Module } from "./module.js";
export type { Layer } from "./sequential.js";
export { Sequential } from "./sequential.js";
