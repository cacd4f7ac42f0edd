// Lambda functions, and how they are invoked asynchronously.
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { AwsError } from '../../../aws/aws-error.ts';
import { functionArn, type LambdaFunctionState } from '../../../aws/state/lambda-functions.ts';
import { physicalName } from '../../resource-kind/physical-name.ts';
import { arn, integer, tags, text } from '../../resource-kind/properties.ts';
import { type ApiCall, type ResourceContext, resourceKind } from '../../resource-kind/resource-kind.ts';
import { requireAssumable } from '../../resource-kind/service-role.ts';
import { readCode } from './function-code.ts';

const NAME = /^[a-zA-Z0-9-_]+$/;
/** Lambda developer guide, reserved environment variables. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.+|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;

const properties = v.strictObject({
  FunctionName: v.optional(text(64, NAME)),
  Runtime: v.picklist([
    'nodejs20.x',
    'nodejs22.x',
    'nodejs24.x',
    'python3.12',
    'python3.13',
    'provided.al2023',
  ]),
  Architectures: v.optional(v.tuple([v.picklist(['arm64', 'x86_64'])]), ['x86_64']),
  Handler: text(128, /^\S+$/),
  Role: arn('iam'),
  Code: v.union([
    v.strictObject({ S3Bucket: v.string(), S3Key: text(1024), S3ObjectVersion: v.optional(text(1024)) }),
    v.strictObject({ ZipFile: v.string() }),
  ]),
  Description: v.optional(v.pipe(v.string(), v.maxLength(256)), ''),
  Environment: v.optional(
    v.strictObject({ Variables: v.optional(v.record(text(256, /^[a-zA-Z]\w+$/), v.string()), {}) }),
    { Variables: {} },
  ),
  MemorySize: v.optional(integer(128, 10_240), 128),
  Timeout: v.optional(integer(1, 900), 3),
  ReservedConcurrentExecutions: v.optional(integer(0, 1_000_000)),
  LoggingConfig: v.optional(
    v.strictObject({
      LogGroup: v.optional(text(512)),
      LogFormat: v.optional(v.picklist(['Text', 'JSON'])),
      ApplicationLogLevel: v.optional(v.string()),
      SystemLogLevel: v.optional(v.string()),
    }),
  ),
  TracingConfig: v.optional(v.strictObject({ Mode: v.picklist(['Active', 'PassThrough']) }), {
    Mode: 'PassThrough',
  }),
  Tags: tags,
});

/** AWS::Lambda::Function. Nothing runs it until somebody gives it something to run. */
export const lambdaFunction = resourceKind({
  properties,
  identify({ FunctionName }, context) {
    const name = physicalName(FunctionName, context, 64);
    return { ref: name, attributes: { Arn: functionArn(place(name, context)) } };
  },
  create(given, { ref: name, attributes }, context) {
    requireRole(given.Role, attributes.Arn ?? '', context);
    context.world.functions.put({
      ...place(name, context),
      role: given.Role,
      configuration: { ...configurationOf(given), ...readCode(given.Code, context) },
      run: () => Promise.reject(new Error(`nothing runs the function ${name}`)),
    });
  },
  update(given, { ref: name, attributes }, context, before) {
    const state = functionOf(name, context);
    if (given.Role !== before.Role) requireRole(given.Role, attributes.Arn ?? '', context);
    const { CodeSize, CodeSha256 } = state.configuration;
    const sameCode = isDeepStrictEqual(given.Code, before.Code);
    const code = sameCode ? { CodeSize, CodeSha256 } : readCode(given.Code, context);
    context.world.functions.put({
      ...state,
      role: given.Role,
      configuration: { ...configurationOf(given), ...code },
    });
  },
  delete(_properties, { ref: name }, context) {
    context.world.functions.remove(functionOf(name, context));
  },
  calls(now, { attributes: { Arn = '' } }) {
    const onFunction = (action: string): ApiCall => [`lambda:${action}`, Arn];
    const passRole: ApiCall = ['iam:PassRole', now.Role, { 'iam:PassedToService': 'lambda.amazonaws.com' }];
    return {
      // CloudFormation tags functions with tags of its own, aws:cloudformation:stack-name and so on.
      create: [onFunction('CreateFunction'), onFunction('TagResource'), passRole],
      read: [onFunction('GetFunction')],
      update(before) {
        const { Code, ...rest } = now;
        const { Code: codeBefore, ...restBefore } = before;
        return [
          ...(isDeepStrictEqual(Code, codeBefore) ? [] : [onFunction('UpdateFunctionCode')]),
          ...(isDeepStrictEqual(rest, restBefore) ? [] : [onFunction('UpdateFunctionConfiguration')]),
          ...(now.Role === before.Role ? [] : [passRole]),
          onFunction('ListTags'),
        ];
      },
      delete: [onFunction('GetFunction'), onFunction('DeleteFunction')],
    };
  },
});

/** AWS::Lambda::EventInvokeConfig */
export const eventInvokeConfig = resourceKind({
  properties: v.strictObject({
    FunctionName: v.string(),
    Qualifier: v.literal('$LATEST'),
    MaximumRetryAttempts: v.optional(integer(0, 2), 2),
    MaximumEventAgeInSeconds: v.optional(integer(60, 21_600), 21_600),
    DestinationConfig: v.optional(
      v.strictObject({ OnFailure: v.optional(v.strictObject({ Destination: arn('lambda') })) }),
      {},
    ),
  }),
  identify: ({ FunctionName, Qualifier }) => ({ ref: `${FunctionName}|${Qualifier}`, attributes: {} }),
  put({ FunctionName, Qualifier, ...config }, _identity, context) {
    const state = functionOf(FunctionName, context);
    const destination = config.DestinationConfig.OnFailure?.Destination;
    if (destination !== undefined) requireDestination(destination, state, context);
    state.eventInvokeConfig = { ...config, FunctionArn: `${functionArn(state)}:${Qualifier}` };
  },
  delete({ FunctionName }, _identity, context) {
    functionOf(FunctionName, context).eventInvokeConfig = undefined;
  },
});

/** What GetFunctionConfiguration answers besides the code. @throws AwsError for reserved variables */
function configurationOf(given: v.InferOutput<typeof properties>): Readonly<Record<string, unknown>> {
  const { Role: _role, FunctionName: _name, Tags: _tags, Code: _code, Environment, ...configuration } = given;
  const reserved = Object.keys(Environment.Variables).filter((key) => RESERVED.test(key));
  if (reserved.length > 0) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  return {
    ...configuration,
    Environment,
    PackageType: 'Zip',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    Version: '$LATEST',
  };
}

function requireRole(roleArn: string, sourceArn: string, context: ResourceContext): void {
  requireAssumable(
    context,
    { roleArn, service: 'lambda.amazonaws.com', sourceArn },
    'InvalidParameterValueException',
    'The role defined for the function cannot be assumed by Lambda.',
  );
}

/** The destination is there, and the function's role may invoke it (Lambda guide, asynchronous invocation: destinations). */
function requireDestination(
  destination: string,
  { role }: LambdaFunctionState,
  context: ResourceContext,
): void {
  const [, , , region = '', accountId = '', , name = ''] = destination.split(':');
  if (context.world.functions.find(accountId, region, name) === undefined) {
    throw invalid(`The destination ARN ${destination} is invalid.`);
  }
  const caller = context.world.principal(role);
  const allowed =
    caller !== undefined && context.decide(caller, 'lambda:InvokeFunction', destination).effect === 'Allow';
  if (!allowed) {
    throw invalid(
      `The function's execution role ${role} does not have permissions to call InvokeFunction on ${destination}`,
    );
  }
}

function functionOf(nameOrArn: string, { world, account, region }: ResourceContext): LambdaFunctionState {
  const name = nameOrArn.split(':').at(-1) ?? nameOrArn;
  const found = world.functions.find(account, region, name);
  if (found !== undefined) return found;
  throw new AwsError(
    404,
    'ResourceNotFoundException',
    `Function not found: ${functionArn({ accountId: account, region, name })}`,
  );
}

function place(
  name: string,
  { account, region }: ResourceContext,
): { accountId: string; region: string; name: string } {
  return { accountId: account, region, name };
}

function invalid(message: string): AwsError {
  return new AwsError(400, 'InvalidParameterValueException', message);
}
