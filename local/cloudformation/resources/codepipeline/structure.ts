// What CodePipeline refuses of a pipeline's structure: order of stages, names, artifacts and variables nobody makes.
import { AwsError } from '../../../aws/aws-error.ts';
import { ACTION_TYPES } from './action-types.ts';
import type { Action, PipelineProperties, Stage } from './declaration.ts';

/** An action with where it is. */
interface Placed {
  readonly stage: Stage;
  readonly stageIndex: number;
  readonly action: Action;
}

const ACTION = 'InvalidActionDeclarationException';
const STAGE = 'InvalidStageDeclarationException';
const STRUCTURE = 'InvalidStructureException';

/** @throws AwsError for the first rule that is broken */
export function checkStructure(pipeline: PipelineProperties): void {
  for (const [code, problem] of problemsOf(pipeline)) {
    if (problem) throw new AwsError(400, code, problem);
  }
}

/** Rule by rule, with the code of its error: what is wrong, if anything is (CodePipeline user guide, pipeline structure reference). */
function* problemsOf({
  ExecutionMode,
  PipelineType,
  Stages,
}: PipelineProperties): Generator<readonly [code: string, problem: string | false | undefined]> {
  const placed = Stages.flatMap((stage, stageIndex) =>
    stage.Actions.map((action) => ({ stage, stageIndex, action })),
  );
  yield [STRUCTURE, Stages.length < 2 && 'Pipeline should have at least 2 stages'];

  const stageName = repeated(Stages.map(({ Name }) => Name));
  yield [STAGE, stageName && `Stage name must be unique within pipeline, found ${stageName} twice`];

  const misplaced = placed.find(
    ({ stageIndex, action }) => (stageIndex === 0) !== (action.ActionTypeId.Category === 'Source'),
  );
  yield [
    STRUCTURE,
    misplaced &&
      `The first stage has source actions only, and no other stage has any: ${nameOf(misplaced)} is a ${misplaced.action.ActionTypeId.Category} action`,
  ];

  const ambiguous = Stages.find(({ Actions }) => repeated(Actions.map(({ Name }) => Name)));
  yield [ACTION, ambiguous && `Action names must be unique within stage ${ambiguous.Name}`];

  yield [ACTION, firstOf(placed, wrongType)];

  const namespace = repeated(placed.flatMap(namespacesOf));
  yield [ACTION, namespace && `Namespace must be unique within pipeline, found ${namespace} twice`];

  const output = repeated(placed.flatMap(outputsOf));
  yield [STRUCTURE, output && `Output artifact names must be unique within pipeline, found ${output} twice`];

  const before = (each: Placed): Placed[] => placed.filter((other) => isBefore(other, each));
  yield [
    ACTION,
    firstOf(placed, (each) => {
      const made = before(each).flatMap(outputsOf);
      const missing = each.action.InputArtifacts.find(({ Name }) => !made.includes(Name));
      return missing && `has the input artifact ${missing.Name}, which no action before it puts out`;
    }),
  ];
  yield [
    ACTION,
    firstOf(placed, (each) => {
      const known = ['codepipeline', 'variables', ...before(each).flatMap(namespacesOf)];
      const used = JSON.stringify(each.action.Configuration).matchAll(/#\{([^}.]+)\.[^}]+\}/g);
      const missing = [...used].map(([, name = '']) => name).find((name) => !known.includes(name));
      return missing && `uses a variable of the namespace ${missing}, which no action before it has`;
    }),
  ];

  const needsV2 = ExecutionMode !== 'SUPERSEDED' || Stages.some(({ OnFailure }) => OnFailure !== undefined);
  yield [
    STRUCTURE,
    needsV2 && PipelineType !== 'V2' && 'Execution modes and OnFailure need a pipeline of type V2',
  ];

  const [first] = Stages;
  yield [
    STAGE,
    first?.OnFailure?.Result === 'ROLLBACK' && `The source stage ${first.Name} cannot be rolled back`,
  ];
}

function namespacesOf({ action }: Placed): string[] {
  return action.Namespace === undefined ? [] : [action.Namespace];
}

function outputsOf({ action }: Placed): string[] {
  return action.OutputArtifacts.map(({ Name }) => Name);
}

/** What of an action is not as its type has it. */
function wrongType({ action }: Placed): string | undefined {
  const { Category, Provider } = action.ActionTypeId;
  const type = ACTION_TYPES[`${Category} ${Provider}`];
  if (type === undefined) {
    return `is of a type that is not known here: ${Category} ${Provider}; known are ${Object.keys(ACTION_TYPES).join(', ')}`;
  }
  const counts = [
    ['input', action.InputArtifacts.length, type.inputs],
    ['output', action.OutputArtifacts.length, type.outputs],
  ] as const;
  for (const [what, count, [least, most]] of counts) {
    if (count < least || count > most) return `has ${count} ${what} artifacts, expected ${least} to ${most}`;
  }
  const given = Object.keys(action.Configuration);
  const missing = type.required.find((key) => !given.includes(key));
  if (missing !== undefined) return `has a configuration that is missing ${missing}`;
  const unknown = given.find((key) => ![...type.required, ...type.optional].includes(key));
  return unknown && `has a configuration that contains the unknown key ${unknown}`;
}

function isBefore(one: Placed, other: Placed): boolean {
  return (
    one.stageIndex < other.stageIndex ||
    (one.stageIndex === other.stageIndex && one.action.RunOrder < other.action.RunOrder)
  );
}

function firstOf(
  placed: readonly Placed[],
  problemOf: (placed: Placed) => string | undefined,
): string | undefined {
  for (const each of placed) {
    const problem = problemOf(each);
    if (problem !== undefined) return `Action ${nameOf(each)} ${problem}`;
  }
  return undefined;
}

function nameOf({ stage, action }: Placed): string {
  return `${stage.Name}/${action.Name}`;
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) < index);
}
