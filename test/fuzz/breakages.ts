/** Every way there is to break a configuration, by name. */
import { optionBreakages } from "./break-options.js";
import { shapeBreakages } from "./break-shapes.js";
import type { Breakage } from "./invalid.js";

export const breakages: Readonly<Record<string, Breakage>> = { ...optionBreakages, ...shapeBreakages };

/** Known not to be refused as they should; a test of each says when they are. */
export const gaps: readonly string[] = [];
