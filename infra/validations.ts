// What every synthesis is checked against: CDK's own rules and cdk-nag's AwsSolutions.
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdkJson from '../cdk.json' with { type: 'json' };

/** Context of every app here: that of cdk.json, whether the CLI, a test or a script synthesises it. */
export const CONTEXT: Readonly<Record<string, unknown>> = cdkJson.context;

/** Adds the checks to an app. */
export function validate(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
