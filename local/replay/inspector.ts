// Debugging the function: a port for Node's inspector, and limits that do not strike while somebody looks around.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { EventError } from '../pipeline/event/event.ts';

/** Port of Node's inspector unless another is given (Node.js CLI, `--inspect`). */
export const DEFAULT_INSPECTOR_PORT = 9229;

/** The function's time while it is debugged, unless `--timeout` gives another: longer than anybody sits at a breakpoint. */
export const DEBUGGING_TIMEOUT_MS = 12 * 3_600_000;

/** The function's other limits while it is debugged: a pause is not a stall. The most that its settings take. */
export const DEBUGGING_ENVIRONMENT: Readonly<Record<string, string>> = {
  SYNC_STALL_MS: '300000',
  SYNC_RETRY_BUDGET_MS: '900000',
};

/**
 * The port that the inspector can have: the one that is asked for, or for 0 a free one.
 * Node.js would start without an inspector where the port is taken.
 *
 * @throws EventError when it is
 */
export async function inspectorPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  try {
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : wanted;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EventError(
      `--inspect cannot use port ${wanted}: ${reason}. Choose another; 0 takes a free one.`,
      {
        cause,
      },
    );
  } finally {
    server.close();
  }
}

/** What the user has to do now. */
export function waitingForDebugger(port: number): string {
  return `  Waiting for a debugger on 127.0.0.1:${port}: attach with .vscode/launch.json or chrome://inspect.\n`;
}
