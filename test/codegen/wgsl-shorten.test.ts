/** Shaders in bundles: shorter, and the same program. */
import { expect, it } from "vitest";
import { shortenWgsl } from "../../codegen/wgsl-shorten.js";

const short = (...lines: readonly string[]) => shortenWgsl(`${lines.join("\n")}\n`);
const body = (...lines: readonly string[]) => short("fn main() {", ...lines, "}").slice(10, -1);

it("names, spaces and types become short", () => {
  expect(
    short(
      "@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;",
      "fn half(value: f32, by: f32) -> f32 { return value / by - -0.5; }",
      "@compute @workgroup_size(4)",
      "fn main(@builtin(local_invocation_index) lane_id: u32) {",
      "  let lane = i32(lane_id);",
      "  x[lane].x = half(x[lane].y, 2e-3);",
      "}",
    ),
  ).toBe(
    "@group(0)@binding(0)var<storage,read>a:array<vec4f>;fn b(c:f32,d:f32)->f32{return c/d- -0.5;}@compute@workgroup_size(4)fn main(@builtin(local_invocation_index)e:u32){let f=i32(e);a[f].x=b(a[f].y,2e-3);}",
  );
});

it("names of the language and of members stay", () => {
  const code = Array.from({ length: 60 }, (_, i) => `  let name${i} = ${i + 1};`);
  const text = short("fn main() {", ...code, "}");
  const names = [...text.matchAll(/let (\w+)=/g)].map(([, name]) => name);
  expect(new Set(names).size).toBe(60);
  for (const word of ["as", "do", "fn", "if", "of"]) expect(names).not.toContain(word);
});

it("addresses used once in their block stand where they are used", () => {
  expect(body("  let at = 4 * g;", "  let at_1 = at + 3 * l;", "  y[at_1] = x[at_1 + 2];")).toBe(
    "let a=4*g+3*l;y[a]=x[a+2];",
  );
  expect(body("  let at = 4 - g;", "  y[2 * at] = at_2;")).toBe("y[2*(4-g)]=at_2;");
  // A loop would compute it each time around.
  expect(body("  let at = 4 * g;", "  for (;;) {", "    y[at] = 1;", "  }")).toBe(
    "let a=4*g;for(;;){y[a]=1;}",
  );
  // What reads memory stays where it is.
  expect(body("  let at = x[3];", "  x[3] = 1;", "  y[0] = at;")).toBe("let a=x[3];x[3]=1;y[0]=a;");
});

it("functions keep names that lines of the body have too", () => {
  expect(
    short(
      "fn twice(at: i32) -> i32 { return 2 * at; }",
      "fn main() {",
      "  let at = 0;",
      "  y[twice(at)] = 1;",
      "}",
    ),
  ).toBe("fn a(b:i32)->i32{return 2*b;}fn main(){y[a(0)]=1;}");
});

it("names that several blocks have stay apart", () => {
  expect(
    body("  { let k = 0;", "  y[k] = 1; }", "  for (var k = 1; k < 3; k++) {", "    y[k] = 2;", "  }"),
  ).toBe("{let a=0;y[a]=1;}for(var a=1;a<3;a++){y[a]=2;}");
});

it("what is always 0 vanishes from sums", () => {
  expect(body("  let g = 0;", "  let at = 8 * g;", "  y[at + 3 * g + l] = u32(g);")).toBe("y[l]=u32(0);");
  expect(body("  let g = 0;", "  y[4 * l - 2 * g] = g * 3 + l;")).toBe("y[4*l-2*0]=0*3+l;");
});
