// Asks IAM's policy simulator about the actions of the permissions table that the check event does not try.
import { type ContextEntry, type IAMClient, paginateSimulatePrincipalPolicy } from '@aws-sdk/client-iam';
import limitConcurrency from 'p-limit';
import { type Grant, type GrantTarget, OPERATIONS } from '../../functions/sync-artifacts/aws/operations.ts';
import { partitionOf } from '../../functions/sync-artifacts/aws/partition.ts';
import { adviseOnDenial } from '../../functions/sync-artifacts/result/advice.ts';
import type { Mode } from '../../functions/sync-artifacts/types.ts';
import { everyObject } from './ask-function.ts';
import { type DoctorFinding, notChecked } from './diagnosis.ts';

/** A bucket with a key in it, as the role will use it. */
export interface SimulatedBucket {
  readonly bucket: string;
  readonly region: string;
  readonly key: string;
  readonly versioned: boolean;
  /** A bucket policy of the same account may allow what the role's own policies do not. */
  readonly policyAllows: boolean;
  /** ARN of the key that is used for it; undefined where it is not known. */
  readonly keyArn?: string | undefined;
  /** Actions that need not be asked about, since they are not needed or were seen to work. */
  readonly settled: ReadonlySet<string>;
}

/** What is simulated. */
interface Simulation {
  readonly roleArn: string;
  readonly region: string;
  readonly mode: Mode;
  readonly sources: readonly SimulatedBucket[];
  readonly destinations: readonly SimulatedBucket[];
  /** `action on bucket` that are findings already. */
  readonly denied: ReadonlySet<string>;
}

/** Operations that make the work safer or quicker, without which jobs succeed. */
const OPTIONAL = new Set([
  'DeleteObject',
  'GetJobDetails',
  'GetObjectAttributes',
  'GetObjectTagging',
  'ListMultipartUploads',
  'ListParts',
]);

/** IAM answers but a few requests a second. */
const CONCURRENCY = 4;

/** What shows, where an upload could be started, that the key may be used. */
const USES_KEY = 'kms:GenerateDataKey';

interface Need extends Grant {
  readonly operation: string;
  readonly side: 'source' | 'destination';
  readonly optional: boolean;
}

/** One bucket, object, key or job, with what the request will say of itself. */
interface Question {
  readonly on: GrantTarget;
  readonly place?: SimulatedBucket;
  readonly resource: string;
  /** Region whose S3 uses a key for the role. */
  readonly viaRegion?: string;
}

/** The actions that the role's policies do not allow. */
export async function simulateRole(client: IAMClient, simulation: Simulation): Promise<DoctorFinding[]> {
  const limit = limitConcurrency(CONCURRENCY);
  try {
    const answers = await Promise.all(
      questionsOf(simulation).map(async (question) => {
        const { on, place } = question;
        const needs = needsOn(on).filter(
          ({ action, when }) =>
            (when !== 'versioned' || place?.versioned !== false) &&
            !simulation.denied.has(`${action} on ${place?.bucket ?? ''}`),
        );
        const refused = await limit(
          refusedActions,
          client,
          simulation.roleArn,
          needs.map(({ action }) => action),
          question,
        );
        return needs
          .filter(({ action }) => refused.has(action) && place?.settled.has(action) !== true)
          .map((need) => findingOf(simulation, need, question, refused));
      }),
    );
    return answers.flat();
  } catch (error) {
    return [notSimulated(simulation.roleArn, error)];
  }
}

function questionsOf({ region, mode, sources, destinations }: Simulation): Question[] {
  const partition = `arn:${partitionOf(region)}:s3:::`;
  const ofBucket = (
    side: 'source' | 'destination',
    place: SimulatedBucket,
    viaRegions: string[],
  ): Question[] => {
    const { bucket, key, keyArn } = place;
    return [
      {
        on: side === 'source' ? 'source bucket' : 'destination buckets',
        place,
        resource: partition + bucket,
      },
      { on: `${side} objects`, place, resource: `${partition}${bucket}/${key}` },
      ...(keyArn === undefined
        ? []
        : viaRegions.map(
            (viaRegion): Question => ({ on: `${side} keys`, place, resource: keyArn, viaRegion }),
          )),
    ];
  };
  const regions = destinations.map((destination) => destination.region);
  return [
    // Which region's S3 decrypts the source of a cross-region copy is not documented.
    ...(mode === 'relay' ? [] : sources).flatMap((place) =>
      ofBucket('source', place, [...new Set([place.region, ...regions])]),
    ),
    ...destinations.flatMap((place) => ofBucket('destination', place, [place.region])),
    { on: 'any job', resource: '*' },
  ];
}

/** May the role that runs the action invoke the function? */
export async function simulateInvocation(
  client: IAMClient,
  roleArn: string,
  functionArn: string,
): Promise<DoctorFinding[]> {
  const action = 'lambda:InvokeFunction';
  if (accountOf(roleArn) !== accountOf(functionArn)) {
    return [
      {
        severity: 'warning',
        where: `role ${nameOf(roleArn)}`,
        what: `Not checked: whether ${roleArn}, which is in another account, may ${action}.`,
        remedy: {
          command: `Let its account check it: aws iam simulate-principal-policy --policy-source-arn ${roleArn} --action-names ${action} --resource-arns ${functionArn}`,
        },
      },
    ];
  }
  try {
    const refused = await refusedActions(client, roleArn, [action], { resource: functionArn });
    if (refused.size === 0) return [];
    return [
      {
        severity: 'error',
        where: `role ${nameOf(roleArn)}`,
        what: `The pipeline's role may not ${action} on ${functionArn}.`,
        why: 'The action fails before the function runs.',
        remedy: {
          place: `IAM policy of ${roleArn}`,
          statement: { Effect: 'Allow', Action: [action], Resource: functionArn },
        },
      },
    ];
  } catch (error) {
    return [notSimulated(roleArn, error)];
  }
}

function needsOn(target: GrantTarget): Need[] {
  const needs = new Map<string, Need>();
  for (const { operation, side, needs: all } of OPERATIONS) {
    for (const grant of all.filter(({ on }) => on === target)) {
      const first = needs.get(grant.action);
      const optional = OPTIONAL.has(operation) && first?.optional !== false;
      const need = {
        ...grant,
        operation,
        side: side === 'source' ? ('source' as const) : ('destination' as const),
      };
      needs.set(grant.action, { ...(first ?? need), optional });
    }
  }
  return [...needs.values()];
}

/** The actions that are not allowed, each with the condition keys that were missing to decide. */
async function refusedActions(
  client: IAMClient,
  roleArn: string,
  actions: readonly string[],
  { resource, viaRegion }: Pick<Question, 'resource' | 'viaRegion'>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const refused = new Map<string, readonly string[]>();
  if (actions.length === 0) return refused;
  const ContextEntries: ContextEntry[] =
    viaRegion === undefined
      ? []
      : [
          {
            ContextKeyName: 'kms:ViaService',
            ContextKeyType: 'string',
            ContextKeyValues: [
              `s3.${viaRegion}.amazonaws.com${partitionOf(viaRegion) === 'aws-cn' ? '.cn' : ''}`,
            ],
          },
        ];
  const pages = paginateSimulatePrincipalPolicy(
    { client },
    { PolicySourceArn: roleArn, ActionNames: [...actions], ResourceArns: [resource], ContextEntries },
  );
  for await (const { EvaluationResults = [] } of pages) {
    for (const { EvalActionName = '', EvalDecision, MissingContextValues = [] } of EvaluationResults) {
      if (EvalDecision !== 'allowed') refused.set(EvalActionName, MissingContextValues);
    }
  }
  return refused;
}

function findingOf(
  { roleArn, mode, region }: Simulation,
  need: Need,
  { place, resource, viaRegion }: Question,
  refused: ReadonlyMap<string, readonly string[]>,
): DoctorFinding {
  const { action, operation, side, why, when, on } = need;
  const doubts = [
    ...(place?.policyAllows === true && !on.endsWith('keys') ? ['the bucket policy may allow it'] : []),
    // What works without being allowed by the role's own policies, the key's policy allows.
    ...(place?.settled.has(USES_KEY) === true && refused.has(USES_KEY)
      ? ['the key policy may allow it']
      : []),
    ...(refused.get(action) ?? []).map((key) => `it may depend on ${key}`),
  ];
  const isSource = on.startsWith('source');
  const elsewhere = viaRegion !== undefined && viaRegion !== place?.region;
  const severity =
    need.optional || (isSource && (mode !== 'copy' || elsewhere)) || doubts.length > 0 || when === 'tags'
      ? 'warning'
      : 'error';
  const { statement } = adviseOnDenial(
    {
      operation,
      side,
      bucket: place?.bucket ?? '',
      region: viaRegion ?? place?.region ?? region,
      ...(on.endsWith('objects') || on.endsWith('keys') ? { key: place?.key ?? '' } : {}),
      ...(side === 'destination' && on === 'destination keys' ? { kmsKeyId: resource } : {}),
    },
    `User: ${roleArn} is not authorized to perform: ${action} on resource: "${resource}" because no identity-based policy allows the ${action} action`,
  );
  const through = viaRegion === undefined ? '' : ` through S3 in ${viaRegion}`;
  return {
    severity,
    where: place === undefined ? `role ${nameOf(roleArn)}` : `bucket ${place.bucket}`,
    what: `The policies of ${roleArn} do not allow ${action} on ${everyObject(resource)}${through} (simulated${doubts.map((doubt) => `; ${doubt}`).join('')}).`,
    why: `${operation} needs it: ${why}.`,
    remedy: {
      place: `IAM policy of ${roleArn}`,
      statement: {
        ...(statement ?? { Effect: 'Allow', Action: [action] }),
        Resource: everyObject(statement?.Resource ?? resource),
      },
    },
  };
}

function notSimulated(roleArn: string, error: unknown): DoctorFinding {
  const permission = `iam:SimulatePrincipalPolicy on ${roleArn}`;
  return {
    ...notChecked(`role ${nameOf(roleArn)}`, 'what its policies allow', error, permission),
    severity: 'error',
    why: 'The check event tries only what changes nothing; the rest is simulated.',
  };
}

function accountOf(arn: string): string | undefined {
  return arn.split(':')[4];
}

function nameOf(roleArn: string): string {
  return roleArn.replace(/^.*\//, '');
}
