/** Values in objects inside of objects, by their path. Pure. */

export type Tree = { [name: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** undefined where there is no such value. */
export function getIn(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (isTree(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
    value,
  );
}

/** Makes the objects on the way. */
export function setIn(target: Tree, path: readonly string[], value: unknown): void {
  let inner = target;
  for (const step of path.slice(0, -1)) {
    const next = inner[step];
    const group: Tree = isTree(next) ? next : {};
    inner[step] = group;
    inner = group;
  }
  inner[path.at(-1) ?? ""] = value;
}
