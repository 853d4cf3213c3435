/** Modules by their names, and everything as `nn.…`. */
export { Conv } from "./conv.js";
export type {
  ConvGeneralDilated,
  ConvOptions,
  Padding,
  PerDimension,
  PromoteDType,
} from "./conv-options.js";
export * as nn from "./members.js";
export type { AppliedOutput, ModuleOptions } from "./module.js";
export { Module } from "./module.js";
export type { Layer } from "./sequential.js";
export { Sequential } from "./sequential.js";
