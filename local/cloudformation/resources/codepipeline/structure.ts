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

/** One rule: what is wrong, if anything is. */
type Rule = (pipeline: PipelineProperties, placed: readonly Placed[]) => string | undefined;

/** By the code of the error (CodePipeline user guide, pipeline structure reference). */
const RULES: readonly (readonly [code: string, rule: Rule])[] = [
  [
    'InvalidStructureException',
    ({ Stages }) => (Stages.length < 2 ? 'Pipeline should have at least 2 stages' : undefined),
  ],
  [
    'InvalidStageDeclarationException',
    ({ Stages }) => {
      const twice = repeated(Stages.map(({ Name }) => Name));
      return twice && `Stage name must be unique within pipeline, found ${twice} twice`;
    },
  ],
  [
    'InvalidStructureException',
    (_pipeline, placed) => {
      const wrong = placed.find(
        ({ stageIndex, action }) => (stageIndex === 0) !== (action.ActionTypeId.Category === 'Source'),
      );
      if (wrong === undefined) return undefined;
      return `The first stage has source actions only, and no other stage has any: ${nameOf(wrong)} is a ${wrong.action.ActionTypeId.Category} action`;
    },
  ],
  [
    'InvalidActionDeclarationException',
    ({ Stages }) => {
      const stage = Stages.find(({ Actions }) => repeated(Actions.map(({ Name }) => Name)) !== undefined);
      return stage && `Action names must be unique within stage ${stage.Name}`;
    },
  ],
  ['InvalidActionDeclarationException', (_pipeline, placed) => firstOf(placed, wrongType)],
  [
    'InvalidActionDeclarationException',
    (_pipeline, placed) => {
      const twice = repeated(placed.flatMap(({ action }) => action.Namespace ?? []));
      return twice && `Namespace must be unique within pipeline, found ${twice} twice`;
    },
  ],
  [
    'InvalidStructureException',
    (_pipeline, placed) => {
      const outputs = placed.flatMap(({ action }) => action.OutputArtifacts.map(({ Name }) => Name));
      const twice = repeated(outputs);
      return twice && `Output artifact names must be unique within pipeline, found ${twice} twice`;
    },
  ],
  [
    'InvalidActionDeclarationException',
    (_pipeline, placed) =>
      firstOf(placed, (each) => {
        const made = placed
          .filter((other) => isBefore(other, each))
          .flatMap(({ action }) => action.OutputArtifacts.map(({ Name }) => Name));
        const missing = each.action.InputArtifacts.find(({ Name }) => !made.includes(Name));
        return missing && `has the input artifact ${missing.Name}, which no action before it puts out`;
      }),
  ],
  [
    'InvalidActionDeclarationException',
    (_pipeline, placed) =>
      firstOf(placed, (each) => {
        const known = placed
          .filter((other) => isBefore(other, each))
          .flatMap(({ action }) => action.Namespace ?? []);
        const used = [...JSON.stringify(each.action.Configuration).matchAll(/#\{([^}.]+)\.[^}]+\}/g)].map(
          ([, namespace = '']) => namespace,
        );
        const missing = used.find((name) => !['codepipeline', 'variables', ...known].includes(name));
        return missing && `uses a variable of the namespace ${missing}, which no action before it has`;
      }),
  ],
  [
    'InvalidStructureException',
    ({ PipelineType, ExecutionMode, Stages }) => {
      const v2 = ExecutionMode !== 'SUPERSEDED' || Stages.some(({ OnFailure }) => OnFailure !== undefined);
      return v2 && PipelineType !== 'V2'
        ? 'Execution modes and OnFailure need a pipeline of type V2'
        : undefined;
    },
  ],
  [
    'InvalidStageDeclarationException',
    ({ Stages: [first] }) =>
      first?.OnFailure?.Result === 'ROLLBACK'
        ? `The source stage ${first.Name} cannot be rolled back`
        : undefined,
  ],
];

/** @throws AwsError for the first rule that is broken */
export function checkStructure(pipeline: PipelineProperties): void {
  const placed = pipeline.Stages.flatMap((stage, stageIndex) =>
    stage.Actions.map((action) => ({ stage, stageIndex, action })),
  );
  for (const [code, rule] of RULES) {
    const problem = rule(pipeline, placed);
    if (problem !== undefined) throw new AwsError(400, code, problem);
  }
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
