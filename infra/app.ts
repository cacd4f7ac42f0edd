// What the CDK CLI runs: the app of the topology that the user edits.
import { buildApp } from './build-app.ts';
import { readTopology } from './shape/read-topology.ts';

buildApp(await readTopology()).synth();
