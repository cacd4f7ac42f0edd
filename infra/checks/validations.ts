// What every synthesis is checked against: CDK's own rules and cdk-nag's AwsSolutions.
import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdkJson from '../../cdk.json' with { type: 'json' };

/** Context of every app here: that of cdk.json, whether the CLI, a test or a script synthesises it. */
const CONTEXT: Readonly<Record<string, unknown>> = cdkJson.context;

/** How an app is built. */
export interface AppOptions {
  /**
   * Check what is synthesised.
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
    context: {
      ...CONTEXT,
      ...context,
      ...(checks ? {} : { '@aws-cdk/core:validateAgainstDefaultRules': false }),
    },
  });
  if (checks) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
