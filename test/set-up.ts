// Undoes what a test file changed in its process, since files share their workers, and lets no test ask for another machine.
import dns from 'node:dns';
import { afterAll, expect, vi } from 'vitest';

const environment = { ...process.env };
const { lookup } = dns;
const strangers = new Set<string>();

// Node looks names up through this property. A name of AWS would be asked for in vain here, and be answered where there is a network.
dns.lookup = Object.assign(
  (hostname: string, ...rest: unknown[]) => {
    if (hostname !== '127.0.0.1' && hostname !== 'localhost') strangers.add(hostname);
    Reflect.apply(lookup, dns, [hostname, ...rest]);
  },
  { __promisify__: lookup.__promisify__ },
);

afterAll(() => {
  dns.lookup = lookup;
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  expect([...strangers], 'names of other machines that tests looked up').toEqual([]);
});
