// The connection source action: reads a commit of a repository that is not here, so the sample workload stands in for it.
import type { ActionContext, ActionResult } from '../action.ts';
import { storeArtifact } from '../artifacts.ts';

/** A commit of no repository. */
const COMMIT = 'f00dfeedf00dfeedf00dfeedf00dfeedf00dfeed';

/** Runs it: of the repository only its connection is looked at. */
export async function connectionSource(
  { action, pipeline, session }: ActionContext,
  content: Uint8Array,
): Promise<ActionResult> {
  const { ConnectionArn = '', FullRepositoryId = '', BranchName = '' } = action.configuration;
  // An action on a connection counts with the service prefix of its ARN (infra/shape/names.ts).
  session.call(`${ConnectionArn.split(':')[2]}:UseConnection`, ConnectionArn, action.region);
  const [name = ''] = action.outputs;
  const source = { name, revision: COMMIT };
  return {
    summary: `${FullRepositoryId}@${BranchName}, for which the sample workload stands in`,
    outputs: [await storeArtifact(session, pipeline, action.region, source, content)],
    // CodePipeline user guide, variables reference: those of CodeStarSourceConnection.
    variables: { ConnectionArn, FullRepositoryName: FullRepositoryId, BranchName, CommitId: COMMIT },
  };
}
