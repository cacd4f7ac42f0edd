// The options of Node.js that the function is deployed with; not in the bundle, since they count from the start of the process.

/**
 * Value of the environment variable `NODE_OPTIONS`. Requests make much garbage that dies young: in 1 MiB of space for it half of the
 * processor time goes to the collector, in V8's own 16 MiB (which it needs three times) 100 MB more of memory are resident.
 * @see https://nodejs.org/api/cli.html#--max-semi-space-sizesize-in-mib
 */
export const NODE_OPTIONS = '--max-semi-space-size=4';
