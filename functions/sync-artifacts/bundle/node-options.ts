// The options of Node.js that the function is deployed with; not in the bundle, since they count from the start of the process.

/**
 * Value of the environment variable `NODE_OPTIONS`. Requests make much garbage that dies young: in V8's own 16 MiB of space for it
 * the memory of a warm job of 7 GiB x 3 grows by 100 MB more, and what relays have read waits longer to be given back. From 2 MiB on
 * the processor time is the same (`npm run bench -- --case 7gib-x3`).
 * @see https://nodejs.org/api/cli.html#--max-semi-space-sizesize-in-mib
 */
export const NODE_OPTIONS = '--max-semi-space-size=2';
