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
    "@group(0)@binding(0)var<storage,read>a:array<vec4f>;fn b(c:f32,d:f32)->f32{return c/d- -0.5;}@compute@workgroup_size(4)fn main(@builtin(local_invocation_index)c:u32){let d=i32(c);a[d].x=b(a[d].y,2e-3);}",
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

it("names are used again where others have ended, and none stands for two at once", () => {
  expect(
    body(
      "  let sum = x[1];",
      "  for (var i = 0; i < 3; i++) {",
      "    let one = x[i];",
      "    y[i] = one + sum * one;",
      "  }",
      "  let other = x[2];",
      "  y[3] = other * other;",
    ),
  ).toBe("let a=x[1];for(var b=0;b<3;b++){let c=x[b];y[b]=c+a*c;}let b=x[2];y[3]=b*b;");
});

it("functions may call those that follow, and words of attributes are no names", () => {
  expect(
    short(
      "@group(0) @binding(0) var<storage, read> read: array<f32>;",
      "fn first(at: i32) -> f32 { return second(at); }",
      "fn second(at: i32) -> f32 { return read[at]; }",
      "fn main() {",
      "  y[0] = first(1);",
      "}",
    ),
  ).toBe(
    "@group(0)@binding(0)var<storage,read>a:array<f32>;fn b(d:i32)->f32{return c(d);}fn c(d:i32)->f32{return a[d];}fn main(){y[0]=b(1);}",
  );
});

it("other names of a value give way to it, numbers used once to what makes them", () => {
  expect(
    body("  let k = l;", "  for (var i = 0; i < 3; i++) {", "    y[i] = x[k];", "  }", "  y[4] = x[k];"),
  ).toBe("for(var a=0;a<3;a++){y[a]=x[l];}y[4]=x[l];");
  expect(body("  let k = (l / 2) % 4;", "  let m = l % 2;", "  y[2 * k + m] = x[m];")).toBe(
    "let a=l%2;y[2*(l/2%4)+a]=x[a];",
  );
  // What is written to is read when it was, and a constant is not checked elsewhere.
  expect(body("  var k = 1.0;", "  let m = k * 2.0;", "  k = 3.0;", "  y[0] = m + k;")).toBe(
    "var a=1.0;let b=a*2.0;a=3.0;y[0]=b+a;",
  );
  expect(body("  let k = -1;", "  y[0] = x[k];")).toBe("let a=-1;y[0]=x[a];");
});

it("brackets around all of something vanish, those around comparisons where they may be taken for types stay", () => {
  expect(body("  if ((i < 3)) {", "    y[(i)] = (x[i] + f((x[1] - x[2]), (-x[3])));", "  }")).toBe(
    "if(i<3){y[i]=x[i]+f(x[1]-x[2],-x[3]);}",
  );
  expect(body("  y[0] = select(x[0], x[1], ((i < 3) & (j > 4)));")).toBe(
    "y[0]=select(x[0],x[1],((i<3)&(j>4)));",
  );
});
