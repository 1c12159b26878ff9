/**
 * # References and expressions of Flow JSON
 *
 * `${data.x}`, `${form.x}`, `${screen.S.form.x}` stand for values; a text between back-ticks is an expression of them
 * (comparisons, sums, and texts that stand side by side). A form is somebody else's document, so nothing here is ever
 * run as a program: the few operators are read and computed one by one, and what cannot be read is no value at all.
 */
export type Json = Record<string, unknown>;

/** What references stand for. */
export type Scope = { data: Json; form: Json; screens: Readonly<Record<string, { data: Json; form: Json }>> };

const EXPRESSION_CHARACTERS_MAX = 4000;
const DEPTH_MAX = 24;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function member(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value[Number(name)];
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The value of a path like `form.name` or `screen.DETAILS.data.time`. */
export function lookUp(path: string, scope: Scope): unknown {
  const [first, ...rest] = path.trim().split(".");
  const roots: Json = { data: scope.data, form: scope.form, screen: scope.screens };
  return rest.reduce((value, name) => member(value, name), member(roots, first ?? ""));
}

type Token = { is: "value"; value: unknown } | { is: "sign"; sign: string };

const TOKEN = /\s*(?:\$\{([^}]*)\}|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d+(?:\.\d+)?)|(true|false|null)\b|(==|!=|<=|>=|&&|\|\||[<>!()+\-*/%]))/y;

/** The pieces of an expression; null when something in it is no piece of one. */
function tokens(text: string, scope: Scope): Token[] | null {
  const found: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (!match) return null;
    const [, path, single, double, number, word, sign] = match;
    const quoted = single ?? double;
    if (sign !== undefined) found.push({ is: "sign", sign });
    else if (path !== undefined) found.push({ is: "value", value: lookUp(path, scope) });
    else if (quoted !== undefined) found.push({ is: "value", value: quoted.replace(/\\(.)/g, "$1") });
    else if (number !== undefined) found.push({ is: "value", value: Number(number) });
    else found.push({ is: "value", value: word === "true" ? true : word === "false" ? false : null });
  }
  return found;
}

/** A number, or a text that is one. */
function numeric(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : null;
}

/** As it stands in a sentence. */
export function words(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Whether a condition holds. */
export function holds(value: unknown): boolean {
  if (typeof value === "string") return value !== "" && value !== "false";
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** What a person typed is a text even where a number is meant; what is not there yet equals the empty text. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a === "number" || typeof b === "number") return numeric(a) !== null && numeric(a) === numeric(b);
  if (typeof a === "boolean" || typeof b === "boolean") return holds(a) === holds(b);
  return words(a) === words(b);
}

function compute(sign: string, a: unknown, b: unknown): unknown {
  const [left, right] = [numeric(a), numeric(b)];
  if (sign === "==") return same(a, b);
  if (sign === "!=") return !same(a, b);
  if (left === null || right === null) return sign === "+" ? words(a) + words(b) : /[<>]/.test(sign) ? false : null;
  switch (sign) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? null : left / right;
    case "%":
      return right === 0 ? null : left % right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    default:
      return left >= right;
  }
}

/** Reads by precedence: or, and, comparison, texts side by side, sums, products. */
class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(found: readonly Token[]) {
    this.#tokens = found;
  }

  all(): unknown {
    const value = this.#or();
    if (this.#at < this.#tokens.length) throw new SyntaxError("left over");
    return value;
  }

  #sign(...signs: readonly string[]): string | null {
    const token = this.#tokens[this.#at];
    if (token?.is !== "sign" || !signs.includes(token.sign)) return null;
    this.#at += 1;
    return token.sign;
  }

  #or(): unknown {
    let value = this.#and();
    while (this.#sign("||")) {
      const next = this.#and();
      value = holds(value) || holds(next);
    }
    return value;
  }

  #and(): unknown {
    let value = this.#compared();
    while (this.#sign("&&")) {
      const next = this.#compared();
      value = holds(value) && holds(next);
    }
    return value;
  }

  #compared(): unknown {
    const value = this.#sideBySide();
    const sign = this.#sign("==", "!=", "<=", ">=", "<", ">");
    return sign === null ? value : compute(sign, value, this.#sideBySide());
  }

  #sideBySide(): unknown {
    let value = this.#sum();
    for (let next = this.#tokens[this.#at]; next && (next.is === "value" || next.sign === "("); next = this.#tokens[this.#at]) value = words(value) + words(this.#sum());
    return value;
  }

  #sum(): unknown {
    let value = this.#product();
    for (let sign = this.#sign("+", "-"); sign !== null; sign = this.#sign("+", "-")) value = compute(sign, value, this.#product());
    return value;
  }

  #product(): unknown {
    let value = this.#one();
    for (let sign = this.#sign("*", "/", "%"); sign !== null; sign = this.#sign("*", "/", "%")) value = compute(sign, value, this.#one());
    return value;
  }

  #one(): unknown {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new SyntaxError("too deep");
    const value = this.#innermost();
    this.#depth -= 1;
    return value;
  }

  #innermost(): unknown {
    if (this.#sign("!")) return !holds(this.#one());
    if (this.#sign("-")) return compute("-", 0, this.#one());
    if (this.#sign("(")) {
      const value = this.#or();
      if (this.#sign(")") === null) throw new SyntaxError("not closed");
      return value;
    }
    const token = this.#tokens[this.#at];
    if (token?.is !== "value") throw new SyntaxError("a value is missing");
    this.#at += 1;
    return token.value;
  }
}

/** The value of an expression without its back-ticks; undefined when it cannot be read. */
export function evaluate(text: string, scope: Scope): unknown {
  if (text.length > EXPRESSION_CHARACTERS_MAX) return undefined;
  const found = tokens(text, scope);
  if (found === null || found.length === 0) return undefined;
  try {
    return new Reader(found).all();
  } catch {
    return undefined;
  }
}

const WHOLE = /^\$\{([^}]+)\}$/;

/** A value with its references and expressions put in, all the way down. Actions stay as they are: theirs are put in when they run. */
export function resolve(value: unknown, scope: Scope, depth = 0): unknown {
  if (typeof value === "string") {
    const text = value.trim();
    const path = WHOLE.exec(text)?.[1];
    if (path !== undefined) return lookUp(path, scope);
    if (text.length > 1 && text.startsWith("`") && text.endsWith("`")) return evaluate(text.slice(1, -1), scope);
    return value.includes("${") ? value.replace(/\$\{([^}]+)\}/g, (_, inner: string) => words(lookUp(inner, scope))) : value;
  }
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return value.map((each) => resolve(each, scope, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, name.endsWith("-action") ? each : resolve(each, scope, depth + 1)]));
}

/** The condition of an If: an expression, with or without back-ticks. */
export function condition(value: unknown, scope: Scope): boolean {
  if (typeof value !== "string") return holds(value);
  const text = value.trim();
  return holds(text.startsWith("`") ? resolve(text, scope) : evaluate(text, scope));
}
