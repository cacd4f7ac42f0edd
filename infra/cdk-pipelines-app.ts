// The same shape through aws-cdk-lib/pipelines: an app of its own, deployed after the first one.
import { buildCdkPipelinesApp } from './build-app.ts';
import { topology } from './topology.ts';

buildCdkPipelinesApp(topology).synth();
