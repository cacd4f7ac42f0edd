// Judges the configuration of the function: pure, no requests.
import type { FunctionConfiguration, FunctionEventInvokeConfig } from '@aws-sdk/client-lambda';
import {
  DESTINATION_SETS_VARIABLE,
  parseDestinationSets,
} from '../../functions/sync-artifacts/job/destination-sets.ts';
import { didYouMean } from '../../functions/sync-artifacts/job/user-parameters.ts';
import { readSettings } from '../../functions/sync-artifacts/settings.ts';
import type { DoctorFinding } from './diagnosis.ts';

/** CodePipeline quotas: an action that hears nothing from its function for so long has failed. */
const REPLY_LIMIT_SECONDS = 20 * 60;
/** Lambda developer guide, invocation-async: waits before the second and the third attempt. */
const RETRY_WAIT_SECONDS = [60, 120] as const;
/** Lambda developer guide, invocation-async: the age at which an event is dropped. */
const DEFAULT_MAX_EVENT_AGE_SECONDS = 6 * 3600;
/** What a job needs between its beginning and the margin before the deadline, in milliseconds. */
const LEAST_WORKING_MS = 5_000;
/** Node.js and the AWS SDK, besides the memory for relays; less is seldom enough, and slow. */
const LEAST_MEMORY_MIB = 256;
const BESIDES_RELAY_MIB = 160;

/** All that is wrong; `asynchronous` is undefined for a function without a configuration of asynchronous invocation. */
export function checkFunction(
  configuration: FunctionConfiguration,
  asynchronous: FunctionEventInvokeConfig | undefined,
): DoctorFinding[] {
  const name = configuration.FunctionName ?? '';
  const where = `function ${name}`;
  const findings: DoctorFinding[] = [];
  const add = (severity: DoctorFinding['severity'], what: string, why: string, command: string): void =>
    void findings.push({ severity, where, what, why, remedy: { command } });
  const update = (option: string): string =>
    `aws lambda update-function-configuration --function-name ${name} ${option}`;

  const {
    Runtime = 'none',
    MemorySize: memoryMiB = 128,
    Timeout: timeoutSeconds = 3,
    State,
    LastUpdateStatus,
  } = configuration;
  if (State !== undefined && State !== 'Active' && State !== 'Inactive') {
    add(
      'error',
      `The function is ${State}: ${configuration.StateReason ?? 'no reason given'}.`,
      'It cannot be invoked.',
      `aws lambda get-function-configuration --function-name ${name}`,
    );
  }
  if (LastUpdateStatus === 'Failed') {
    add(
      'error',
      `Its last update failed: ${configuration.LastUpdateStatusReason ?? 'no reason given'}.`,
      'It runs older code than was deployed.',
      `aws lambda get-function-configuration --function-name ${name}`,
    );
  }
  if (!/^nodejs(?:2\d|[3-9]\d)\.x$/.test(Runtime)) {
    add(
      'error',
      `The runtime is ${Runtime}; expected nodejs24.x, or at least nodejs20.x.`,
      'The code is written for Node.js 20 and later.',
      update('--runtime nodejs24.x'),
    );
  }

  const variables = configuration.Environment?.Variables ?? {};
  const read = new Set<string>();
  const settings = readSettings(
    new Proxy(variables, {
      get: (target, key) => {
        read.add(String(key));
        return Reflect.get(target, key) as string | undefined;
      },
    }),
  );
  for (const problem of settings.problems) {
    add(
      'error',
      problem,
      'Every job fails with a ConfigurationError.',
      `Correct the variable: ${update('--environment …')} replaces all variables.`,
    );
  }
  const known = [...read].filter((variable) => variable.startsWith('SYNC_'));
  for (const variable of Object.keys(variables).filter(
    (each) => each.startsWith('SYNC_') && !read.has(each),
  )) {
    add(
      'warning',
      `Environment variable ${variable} is not read; expected are ${known.join(', ')}.${didYouMean(variable, known)}`,
      'What it was set for does not happen.',
      `Correct or remove the variable: ${update('--environment …')} replaces all variables.`,
    );
  }
  try {
    parseDestinationSets(variables[DESTINATION_SETS_VARIABLE]);
  } catch (error) {
    add(
      'error',
      (error as Error).message,
      'Jobs that name a set of destinations fail.',
      `Correct the variable: ${update('--environment …')} replaces all variables.`,
    );
  }

  if (timeoutSeconds * 1000 < settings.deadlineMarginMs + LEAST_WORKING_MS) {
    add(
      'error',
      `The timeout is ${timeoutSeconds} s; expected at least ${Math.ceil((settings.deadlineMarginMs + LEAST_WORKING_MS) / 1000)} s, better 480 s.`,
      `A job stops taking parts ${settings.deadlineMarginMs / 1000} s before the timeout (SYNC_DEADLINE_MARGIN_MS), so this one would copy nothing.`,
      update('--timeout 480'),
    );
  }
  const leastMiB = Math.max(LEAST_MEMORY_MIB, settings.relayMemoryBytes / 2 ** 20 + BESIDES_RELAY_MIB);
  if (memoryMiB < leastMiB) {
    add(
      'warning',
      `It has ${memoryMiB} MiB of memory; expected at least ${leastMiB} MiB, better 1769 MiB.`,
      'Lambda kills what needs more, and gives processor time by memory: 1,769 MiB are one core.',
      update('--memory-size 1769'),
    );
  }

  const attempts = (asynchronous?.MaximumRetryAttempts ?? RETRY_WAIT_SECONDS.length) + 1;
  const maxAge = asynchronous?.MaximumEventAgeInSeconds ?? DEFAULT_MAX_EVENT_AGE_SECONDS;
  const waits = RETRY_WAIT_SECONDS.slice(0, attempts - 1).reduce((total: number, wait) => total + wait, 0);
  const lastEnds = Math.min(attempts * timeoutSeconds + waits, maxAge + timeoutSeconds);
  if (lastEnds > REPLY_LIMIT_SECONDS) {
    add(
      'warning',
      `${attempts} attempts of ${timeoutSeconds} s, with Lambda's waits, end after up to ${Math.ceil(lastEnds / 60)} minutes.`,
      'CodePipeline gives up after 20 minutes: a job that kills its function is reported late or not at all, and may be copied while the stage is being retried.',
      `aws lambda put-function-event-invoke-config --function-name ${name} --maximum-retry-attempts 1 --maximum-event-age-in-seconds ${Math.max(60, Math.min(540, REPLY_LIMIT_SECONDS - timeoutSeconds - 180))}`,
    );
  }
  if (asynchronous?.DestinationConfig?.OnFailure?.Destination === undefined) {
    add(
      'warning',
      'It has no on-failure destination.',
      'When the function dies without an answer, the action hangs until CodePipeline gives up after 20 minutes, with no reason shown.',
      `aws lambda update-function-event-invoke-config --function-name ${name} --destination-config '{"OnFailure":{"Destination":"<ARN of the function lost-job>"}}'`,
    );
  }
  return findings;
}
