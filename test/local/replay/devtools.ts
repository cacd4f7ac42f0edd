// Speaks the Chrome DevTools Protocol, with a function that waits for its debugger and with a browser.
import { vi } from 'vitest';

/** A message of the Chrome DevTools Protocol. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    /** In base64. */
    readonly data?: string;
  };
}

/** Attaches to Node's inspector as an editor does, or to the page of a browser. */
export async function attach(port: number) {
  const targets = await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/json/list`), { timeout: 60_000 });
  const [target] = (await targets.json()) as { readonly webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  const messages: Message[] = [];
  socket.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data)) as Message));
  await new Promise((opened) => socket.addEventListener('open', opened, { once: true }));
  const find = (matches: (message: Message) => boolean): Promise<Message> =>
    vi.waitFor(
      () => {
        const found = messages.find(matches);
        if (!found) throw new Error(`not among ${messages.map(({ id, method }) => method ?? id).join(', ')}`);
        return found;
      },
      { timeout: 60_000 },
    );
  let lastId = 0;
  return {
    /** Sends a command and waits for its answer. */
    send(method: string, params: object = {}): Promise<Message> {
      lastId += 1;
      const id = lastId;
      socket.send(JSON.stringify({ id, method, params }));
      return find((message) => message.id === id);
    },
    /** Waits for an event. */
    event: (method: string): Promise<Message> => find((message) => message.method === method),
    close: () => socket.close(),
  };
}
