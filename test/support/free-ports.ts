/** Ports that nothing is bound to right now, for TCP and UDP. */

/**
 * Below those that the kernel hands out by itself (32,768 and up), so that no other socket gets one by chance before it is
 * used, or while its owner is away. Above the leg ports of start-server.ts.
 */
const FIRST = 29_000;
const COUNT = 3700;
/** Test runs beside one another begin at different places. */
let next = process.pid % COUNT;

/** No port twice in a test run, until all had their turn. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    if (tried === COUNT) throw new Error("no free port is left");
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const hostname = "127.0.0.1";
  try {
    Bun.listen({ hostname, port, socket: { data: () => undefined } }).stop(true);
    (await Bun.udpSocket({ hostname, port })).close();
    return true;
  } catch {
    return false;
  }
}
