// Reads the topology that the user edits; what is wrong with it is told as a list, without a stack trace.
import { type Topology, TopologyError } from './topology-rules.ts';

/** The topology. Ends the process when it is not right. */
export async function readTopology(): Promise<Topology> {
  try {
    return (await import('../topology.ts')).topology;
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(1);
  }
}
