// What adopt prints: the stage in a few lines, the difference, the policy statements, and what to do next.
import { createTwoFilesPatch } from 'diff';
import { painter } from '../../local/replay/terminal/terminal.ts';
import type { Adoption } from './adopt.ts';
import { blockText } from './document/yaml-document.ts';
import { show } from './intrinsics.ts';

/** The report of a run as text. */
export function renderAdoption(
  adoption: Adoption,
  fileName: string,
  before: string,
  written: boolean,
  colours: boolean,
): string {
  if (!adoption.changed) {
    return `Pipeline ${adoption.pipelineName} has a Sync action: ${adoption.actionName} in stage ${adoption.stageName}. Nothing to change.\n`;
  }
  const { sync } = adoption;
  const paint = painter(colours);
  const home = sync.home === undefined ? '' : ` (${show(sync.home)})`;
  const destinations = sync.destinations.map(({ Bucket, Region, branches }) => {
    const when = branches.map(({ condition, holds }) => ` if ${holds ? '' : 'not '}${condition}`).join('');
    return `${show(Bucket)}${Region === undefined ? '' : ` (${show(Region)})`}${when}`;
  });
  if (sync.destinationSet !== undefined) {
    destinations.push(`the set ${sync.destinationSet} of the function's configuration`);
  }
  const patch = difference(fileName, before, adoption.text).map((line) => {
    if (line.startsWith('+')) return paint('green', line);
    if (line.startsWith('-')) return paint('red', line);
    return line.startsWith('@@') ? paint('cyan', line) : line;
  });
  const statements = adoption.advice.map(
    ({ where, statements }) =>
      `${paint('bold', where)}:\n\n${adoption.format === 'yaml' ? blockText(statements) : `${JSON.stringify(statements, null, 2)}\n`}`,
  );
  const notes = [...sync.notes, ...nextSteps(adoption, written, fileName)];
  return [
    `${paint('bold', `Pipeline ${adoption.pipelineName}`)}${home}: Sync comes before stage ${show(sync.before)}`,
    `  artifacts     ${sync.inputs.map(show).join(', ')}`,
    `  destinations  ${destinations.join(`\n${' '.repeat(16)}`)}`,
    '',
    ...patch,
    paint('bold', 'Policies'),
    '',
    statements.join('\n'),
    ...notes.map((note) => `* ${note}`),
    '',
  ].join('\n');
}

/** The lines of a unified diff; JSON that is all on one line is shown as if it were written on many. */
function difference(fileName: string, before: string, after: string): string[] {
  const onOneLine = !before.trim().includes('\n') && before.trimStart().startsWith('{');
  const lines = (text: string): string =>
    onOneLine ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text;
  return createTwoFilesPatch(fileName, fileName, lines(before), lines(after), '', '', { context: 3 })
    .split('\n')
    .filter((line) => !/^(?:====|Index: )/.test(line))
    .map((line) => line.trimEnd());
}

function nextSteps(
  adoption: Extract<Adoption, { changed: true }>,
  written: boolean,
  fileName: string,
): string[] {
  const steps: string[] = [];
  if (adoption.generated) {
    steps.push(
      'This template was made by the AWS CDK, and the next synth writes it again: add a SyncArtifactsAction to the app instead.',
    );
  }
  if (JSON.stringify(adoption.advice).includes('<')) {
    steps.push('What stands in <angle brackets> is not in the file; put in the ARN or id.');
  }
  steps.push(
    written ? `${fileName} was changed.` : `Nothing was written; --write changes ${fileName}.`,
    ...(adoption.hasMetadata
      ? ['Remove "metadata" before "aws codepipeline update-pipeline", which does not take it.']
      : []),
  );
  return steps;
}
