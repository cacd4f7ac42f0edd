// What the CDK CLI runs: the app of the topology that the user edits.
import { buildApp } from './build-app.ts';
import { topology } from './topology.ts';

buildApp(topology).synth();
