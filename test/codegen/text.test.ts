/** Names and numbers in emitted text. */
import { describe, expect, it } from "vitest";
import { createNames, createWriter, numberText } from "../../codegen/text.js";

describe("names", () => {
  it("are identifiers, the same for the same key, different for different keys", () => {
    const names = createNames(new Set(["for"]));
    const keys = ["ow.o", "ow_o", "for", "for_", "2x", "", "naïve/x", "ow.o", "for"];
    const given = keys.map((key) => names.of(key));
    expect(given).toEqual(["ow_o", "ow_o_1", "for_", "for__1", "_2x", "_", "na_ve_x", "ow_o", "for_"]);
    expect([names.fresh("t"), names.fresh("t"), names.fresh("t"), names.of("t")]).toEqual([
      "t",
      "t_1",
      "t_2",
      "t_3",
    ]);
  });
});

describe("the writer", () => {
  it("indents blocks and inserts lines where it was asked to", () => {
    const writer = createWriter();
    writer.block("a", () => {
      const mark = writer.mark();
      writer.block("", () => writer.line("c"));
      writer.insert(mark, ["b"]);
    });
    expect(writer.text()).toBe("a {\n  b\n  {\n    c\n  }\n}");
  });
});

it("numbers read back as themselves", () => {
  for (const value of [0, -0, 0.1, 1e-45, -3.5, 1e30, NaN, Infinity, -Infinity])
    expect(new Function(`return ${numberText(value)}`)()).toBe(value);
});
