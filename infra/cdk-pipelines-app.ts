// The same shape through aws-cdk-lib/pipelines: an app of its own, deployed after the first one.
import { buildCdkPipelinesApp } from './build-app.ts';
import { readTopology, topologyFile } from './shape/read-topology.ts';

buildCdkPipelinesApp(await readTopology(), { topologyFile: topologyFile() }).synth();
