// Reads request headers as AWS does.
import type { IncomingHttpHeaders } from 'node:http';

/** The one value of a header, joined if it came more than once. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return Array.isArray(value) ? value.join(',') : value;
}
