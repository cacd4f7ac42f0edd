// What every synthesis is checked against: CDK's own rules, cdk-nag's AwsSolutions, and the quotas of sizes.
import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { LimitChecks } from './limits.ts';

/** Context of every app here: that of cdk.json, whether the CLI, a test or a script synthesises it. */
const CONTEXT: Readonly<Record<string, unknown>> = cdkJson.context;

/** How an app is built. */
export interface AppOptions {
  /**
   * Check what is synthesised by cdk-nag and by CloudFormation's rules, besides the quotas, and remember which line made what.
   * @default true; tests that look at something else save the time
   */
  readonly checks?: boolean;
  /** Context besides that of cdk.json. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** An app with the context of cdk.json, and its checks. */
export function createApp({ checks = true, context = {} }: AppOptions, props: AppProps = {}): App {
  const app = new App({
    ...props,
    builtinCloudFormationValidation: checks,
    stackTraces: checks,
    treeMetadata: checks,
    context: { ...CONTEXT, ...context },
  });
  Validations.of(app).addPlugins(new LimitChecks());
  if (checks) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
