/**
 * How the buffers of a nest are declared. A buffer is one variable: an array of its element, of vectors where every
 * access of it is an aligned vector, or of words where elements are smaller than a word.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Affine, Stmt } from "../ir/kernel.js";
import type { ElementType } from "../ir/types.js";
import { elementBytes } from "../ir/types.js";
import { walkAccesses } from "../ir/visit.js";
import type { Terms } from "./address.js";

/** What a nest knows of a buffer: elements of it lie in a variable, from an offset on. */
export interface Place {
  /** The variable; buffers that lie in one share it. */
  readonly variable: string;
  readonly element: ElementType;
  /** In elements. */
  readonly offset: number;
}

/**
 * scalars: an element each. vectors: four f32 each. words: elements smaller than a word, as many as fit in each;
 * shared-words: the same, where lanes write into parts of one word.
 */
export type ViewKind = "scalars" | "vectors" | "words" | "shared-words";

export interface View {
  readonly kind: ViewKind;
  readonly element: ElementType;
  readonly written: boolean;
}

/** The views of the variables that the statements touch, by variable, in order of first use. */
export function viewsOf(
  body: readonly Stmt[],
  places: ReadonlyMap<string, Place>,
  f16: boolean,
): ReadonlyMap<string, View> {
  const views = new Map<string, View>();
  walkAccesses(body, (access, use) => {
    const place = places.get(access.buffer);
    if (place === undefined) return;
    const { variable, element } = place;
    const known = views.get(variable);
    if (known !== undefined && known.element !== element)
      throw new InternalError(`${access.buffer} is ${element} where ${known.element} lies`);
    const written = use !== "load" || (known?.written ?? false);
    const vectors = isAligned(access, place.offset) && (known === undefined || known.kind === "vectors");
    views.set(variable, { kind: kindOf(element, vectors, written, f16), element, written });
  });
  return views;
}

function kindOf(element: ElementType, vectors: boolean, written: boolean, f16: boolean): ViewKind {
  if (element === "f32") return vectors ? "vectors" : "scalars";
  if (elementBytes(element) === 4 || (element === "f16" && f16)) return "scalars";
  return written ? "shared-words" : "words";
}

function isAligned({ lanes, at }: Access, offset: number): boolean {
  return lanes === 4 && (at.offset + offset) % 4 === 0 && at.terms.every(({ coef }) => coef % 4 === 0);
}

/** The type of the variable's elements. */
export function storedType({ kind, element }: View): string {
  switch (kind) {
    case "vectors":
      return "vec4<f32>";
    case "words":
      return "u32";
    case "shared-words":
      return "atomic<u32>";
    case "scalars":
      return element === "i32" || element === "u32" || element === "f16" ? element : "f32";
    default:
      return kind satisfies never;
  }
}

/** The type of a variable that holds so many elements of a buffer. */
export function arrayType(view: View, size: number): string {
  return `array<${storedType(view)}, ${view.kind === "vectors" ? Math.ceil(size / 4) : size}>`;
}

/** An access in the units of the view. */
export interface Address {
  readonly offset: number;
  readonly terms: Terms;
}

export function addressIn({ kind }: View, { offset }: Pick<Place, "offset">, at: Affine): Address {
  const whole = at.offset + offset;
  if (kind !== "vectors") return { offset: whole, terms: at.terms };
  return { offset: whole / 4, terms: at.terms.map(({ of, coef }) => ({ of, coef: coef / 4 })) };
}
