/**
 * share: an expression used more than once in a block is computed once, by a let before its first use.
 *
 *   acc.0 += splat(x[0]) * w[0 : 4]             let v0 = splat(x[0])
 *   acc.4 += splat(x[0]) * w[4 : 4]      ->     acc.0 += v0 * w[0 : 4]
 *                                               acc.4 += v0 * w[4 : 4]
 *
 * This is what makes a register tile load each weight vector and each splat once. What reads a buffer that the block
 * also writes is only shared inside one statement. Exact: the same value is computed, once.
 */
import type { Expr, Kernel, Stmt } from "../../ir/kernel.js";
import { affineKey } from "../../ir/keys.js";
import { exprChildren, mapBlocks, mapBodies, stmtExprs } from "../../ir/visit.js";

export function share(kernel: Kernel): Kernel {
  const names = new Names(kernel);
  return mapBodies(kernel, (body) => shareBlock(body, names).body);
}

/** Fresh let names, and structural numbers of expressions. */
class Names {
  private next = 0;
  private readonly ids = new Map<string, number>();
  private readonly known = new Map<Expr, number>();
  private readonly taken = new Set<string>();

  constructor(kernel: Kernel) {
    const visit = (stmts: readonly Stmt[]): void => {
      for (const stmt of stmts) {
        if (stmt.kind === "let") this.taken.add(stmt.name);
        if (stmt.kind === "for" || stmt.kind === "if") visit(stmt.body);
      }
    };
    for (const nest of kernel.nests) visit(nest.body);
  }

  fresh(): string {
    for (;;) {
      const name = `v${this.next++}`;
      if (!this.taken.has(name)) return name;
    }
  }

  /** Equal numbers mean equal expressions. */
  id(expr: Expr): number {
    const done = this.known.get(expr);
    if (done !== undefined) return done;
    let key = this.ownKey(expr);
    for (const child of exprChildren(expr)) key += `,${this.id(child)}`;
    const id = this.ids.get(key) ?? this.ids.size;
    this.ids.set(key, id);
    this.known.set(expr, id);
    return id;
  }

  private ownKey(expr: Expr): string {
    switch (expr.kind) {
      case "lit":
        return `lit ${Object.is(expr.value, -0) ? "-0" : expr.value}`;
      case "var":
        return `var ${expr.name}`;
      case "index":
        return `index ${affineKey(expr.at)}`;
      case "integer":
      case "test":
        return `${expr.fn} ${affineKey(expr.of)} ${expr.by}`;
      case "load":
        return `load ${expr.from.buffer} ${affineKey(expr.from.at)} ${expr.from.lanes} ${expr.from.gate?.otherwise}`;
      case "lane":
        return `lane ${expr.index}`;
      case "call":
        return expr.fn;
      case "splat":
      case "vector":
        return expr.kind;
      default:
        return expr satisfies never;
    }
  }
}

interface SharedBlock {
  readonly body: readonly Stmt[];
  /** Buffers written in it, or in a block inside it. */
  readonly written: ReadonlySet<string>;
}

/** A block's own statements with shared lets; the blocks inside them are done for themselves. */
function shareBlock(stmts: readonly Stmt[], names: Names): SharedBlock {
  const written = new Set<string>();
  const inner = mapBlocks(stmts, (body) => {
    const block = shareBlock(body, names);
    for (const buffer of block.written) written.add(buffer);
    return block.body;
  });
  for (const stmt of stmts) if (stmt.kind === "store" || stmt.kind === "reduce") written.add(stmt.to.buffer);
  const own = new Written(written);
  const across = new Sharing(names, (expr) => !own.isRead(expr));
  for (const stmt of inner) for (const expr of stmtExprs(stmt)) across.count(expr);
  let changed = inner !== stmts;
  const out = inner.flatMap((stmt): readonly Stmt[] => {
    const before: Stmt[] = [];
    const first = mapOwnExprs(stmt, (expr) => across.rewrite(expr, before));
    const second = readsAgain(first, own) ? shareWithin(first, own, names, before) : first;
    if (second !== stmt) changed = true;
    return [...before, second];
  });
  return { body: changed ? out : stmts, written };
}

/** A statement on its own: what it reads of the buffers that the block writes. */
function shareWithin(stmt: Stmt, written: Written, names: Names, before: Stmt[]): Stmt {
  const within = new Sharing(names, (expr) => written.isRead(expr));
  for (const expr of stmtExprs(stmt)) within.count(expr);
  return mapOwnExprs(stmt, (expr) => within.rewrite(expr, before));
}

/** Whether a statement reads written buffers more than once: else there is nothing to share in it. */
function readsAgain(stmt: Stmt, written: Written): boolean {
  let reads = 0;
  const visit = (expr: Expr): void => {
    if (reads > 1 || !written.isRead(expr)) return;
    if (expr.kind === "load") reads++;
    for (const child of exprChildren(expr)) visit(child);
  };
  for (const expr of stmtExprs(stmt)) visit(expr);
  return reads > 1;
}

function mapOwnExprs(stmt: Stmt, f: (expr: Expr) => Expr): Stmt {
  switch (stmt.kind) {
    case "let": {
      // The value of a let is named already; only what is inside it can be shared.
      const value = stmt.value.kind === "index" || stmt.value.kind === "integer" ? stmt.value : f(stmt.value);
      return value === stmt.value ? stmt : { ...stmt, value };
    }
    case "store":
    case "reduce": {
      const value = f(stmt.value);
      return value === stmt.value ? stmt : { ...stmt, value };
    }
    case "if":
    case "for":
    case "alloc":
    case "barrier":
      return stmt;
    default:
      return stmt satisfies never;
  }
}

/** Which expressions read a buffer that a block writes. */
class Written {
  private readonly known = new Map<Expr, boolean>();

  constructor(private readonly buffers: ReadonlySet<string>) {}

  isRead(expr: Expr): boolean {
    if (expr.kind === "load" && this.buffers.has(expr.from.buffer)) return true;
    const children = exprChildren(expr);
    if (children.length === 0) return false;
    let reads = this.known.get(expr);
    if (reads === undefined) {
      reads = children.some((child) => this.isRead(child));
      this.known.set(expr, reads);
    }
    return reads;
  }
}

/** Counts uses of expressions by structure, then names those used more than once. */
class Sharing {
  private readonly uses = new Map<number, number>();
  private readonly named = new Map<number, Expr>();
  private readonly rewritten = new Map<number, Expr>();

  constructor(
    private readonly names: Names,
    private readonly eligible: (expr: Expr) => boolean,
  ) {}

  /** One use of an expression; what is inside it is counted the first time only, since it will be computed once. */
  count(expr: Expr): void {
    const id = this.names.id(expr);
    const uses = (this.uses.get(id) ?? 0) + 1;
    this.uses.set(id, uses);
    if (uses === 1) for (const child of exprChildren(expr)) this.count(child);
  }

  rewrite(expr: Expr, before: Stmt[]): Expr {
    const id = this.names.id(expr);
    const named = this.named.get(id) ?? this.rewritten.get(id);
    if (named !== undefined) return named;
    const inside = this.inside(expr, before);
    if (!worthNaming(expr) || (this.uses.get(id) ?? 0) < 2 || !this.eligible(expr)) {
      // A use may come again in a later statement, where its lets are still in scope.
      if (inside === expr) this.rewritten.set(id, expr);
      return inside;
    }
    const name = this.names.fresh();
    before.push({ kind: "let", name, value: inside });
    const variable: Expr = { kind: "var", name };
    this.named.set(id, variable);
    return variable;
  }

  private inside(expr: Expr, before: Stmt[]): Expr {
    const to = (child: Expr): Expr => this.rewrite(child, before);
    switch (expr.kind) {
      case "call": {
        const args = mapSame(expr.args, to);
        return args === expr.args ? expr : { ...expr, args };
      }
      case "vector": {
        const items = mapSame(expr.items, to);
        return items === expr.items ? expr : { ...expr, items };
      }
      case "splat": {
        const value = to(expr.value);
        return value === expr.value ? expr : { ...expr, value };
      }
      case "lane": {
        const of = to(expr.of);
        return of === expr.of ? expr : { ...expr, of };
      }
      // A gate's condition holds no value worth naming.
      case "load":
      case "lit":
      case "var":
      case "index":
      case "integer":
      case "test":
        return expr;
      default:
        return expr satisfies never;
    }
  }
}

/** The list mapped; the same list where nothing changed. */
function mapSame<T>(list: readonly T[], f: (item: T) => T): readonly T[] {
  const out = list.map(f);
  return out.every((item, i) => item === list[i]) ? list : out;
}

/** Literals, names and truth values cost nothing to repeat. */
function worthNaming(expr: Expr): boolean {
  switch (expr.kind) {
    case "load":
    case "vector":
    case "lane":
      return true;
    case "splat":
      return expr.value.kind !== "lit";
    case "call":
      return !["lt", "le", "eq", "and", "or", "not"].includes(expr.fn);
    case "lit":
    case "var":
    case "index":
    case "integer":
    case "test":
      return false;
    default:
      return expr satisfies never;
  }
}
