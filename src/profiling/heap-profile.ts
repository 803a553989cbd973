/** What is on the heap of the main thread, by class. The thread stands still while it is counted. */

export interface ClassTotal {
  readonly name: string;
  readonly objects: number;
  readonly bytes: number;
}

/** Fields of one object in a snapshot of JavaScriptCore: id, size, class, flags. */
const FIELDS = 4;

/** The classes with the most bytes first. */
export function heapByClass(): readonly ClassTotal[] {
  const { nodes, nodeClassNames } = Bun.generateHeapSnapshot();
  const objects = new Float64Array(nodeClassNames.length);
  const bytes = new Float64Array(nodeClassNames.length);
  for (let at = 0; at + FIELDS <= nodes.length; at += FIELDS) {
    const name = nodes[at + 2] ?? 0;
    objects[name] = (objects[name] ?? 0) + 1;
    bytes[name] = (bytes[name] ?? 0) + (nodes[at + 1] ?? 0);
  }
  return nodeClassNames
    .map((name, i) => ({ name, objects: objects[i] ?? 0, bytes: bytes[i] ?? 0 }))
    .filter((one) => one.objects > 0)
    .sort((a, b) => b.bytes - a.bytes);
}

/** In the format of V8, which Chromium's developer tools open. */
export function heapSnapshot(): string {
  return Bun.generateHeapSnapshot("v8");
}
