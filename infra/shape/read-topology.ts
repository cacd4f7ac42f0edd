// Finds the topology, checks it, and says what is wrong with it as a list, without a stack trace.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App } from 'aws-cdk-lib';
import { policyAdvice } from './policy-advice.ts';
import { defineTopology, type Topology, TopologyError, type TopologyInput } from './topology-rules.ts';

/** Environment variable that names a topology file; `--context topology=FILE` does the same and comes first. */
export const TOPOLOGY_FILE_VARIABLE = 'ARTIFACT_SYNC_TOPOLOGY';

/** The file that the user named for the topology: by context or by environment variable. */
export function topologyFile(): string | undefined {
  // An app of its own, for the context that the CLI gives; it must not write over the real one when the process ends.
  const { node } = new App({ autoSynth: false });
  const named: unknown = node.tryGetContext('topology') ?? process.env[TOPOLOGY_FILE_VARIABLE];
  return typeof named === 'string' && named !== '' ? named : undefined;
}

/**
 * The topology of a file: a module that exports it as `topology`, or JSON.
 *
 * @throws {TopologyError} when it is not right, or the file cannot be read
 */
export async function loadTopology(file: string | undefined): Promise<Topology> {
  if (file === undefined) return (await import('../topology.ts')).topology;
  const url = pathToFileURL(resolve(file)).href;
  let loaded: { topology?: unknown; default?: unknown };
  try {
    loaded = await (file.endsWith('.json') ? import(url, { with: { type: 'json' } }) : import(url));
  } catch (error) {
    if (error instanceof TopologyError) throw error;
    throw new TopologyError([
      `cannot be read from ${file}: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  const given = file.endsWith('.json') ? loaded.default : loaded.topology;
  if (given === undefined) {
    throw new TopologyError([`${file} does not export it; write "export const topology = { … }"`]);
  }
  return defineTopology(given as TopologyInput);
}

/** The topology that the user named, or else the sample. Ends the process when it is not right. */
export async function readTopology(): Promise<Topology> {
  try {
    const topology = await loadTopology(topologyFile());
    for (const warning of await policyAdvice(topology)) process.stderr.write(`warning: ${warning}\n`);
    return topology;
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(1);
  }
}
