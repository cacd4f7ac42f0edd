// Entry of the Lambda function: connects to where jobs will copy to, and loads the rest meanwhile, once per cold start.
import { BucketConnections } from './aws/transport/bucket-connections.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env);
const connections = new BucketConnections(settings);
await connections.openAhead();

const { compose } = await import('./compose.ts');

/** The Lambda handler of the Invoke action; a check event (check/report.ts), invoked directly, is answered with its report. */
export const handler = compose(settings, connections);
