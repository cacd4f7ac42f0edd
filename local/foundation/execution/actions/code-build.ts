// The CodeBuild action: the project's role reads the source and writes the output; the build itself is not run.
import type { ActionContext, ActionResult } from '../action.ts';
import { AS_BUILD, readArtifact, storeArtifact } from '../artifacts.ts';

/** Runs it: what the build would make is the source as it is, which is the sample workload. */
export async function codeBuild({
  action,
  cloud,
  inputs,
  pipeline,
  session,
}: ActionContext): Promise<ActionResult> {
  const { ProjectName = '' } = action.configuration;
  const project = cloud.find(
    'AWS::CodeBuild::Project',
    `CodeBuild project ${ProjectName}`,
    ({ ref }) => ref === ProjectName,
  );
  const { account, region } = project;
  const projectArn = `arn:aws:codebuild:${region}:${account}:project/${ProjectName}`;
  session.call('codebuild:StartBuild', projectArn, region);

  const role = cloud
    .service('codebuild.amazonaws.com')
    .assume(String(project.properties.ServiceRole), 'AWSCodeBuild', region, {
      'aws:SourceAccount': account,
      'aws:SourceArn': projectArn,
    });
  const logGroup = `arn:aws:logs:${region}:${account}:log-group:/aws/codebuild/${ProjectName}:log-stream:build`;
  role.call('logs:CreateLogStream', logGroup, region);
  role.call('logs:PutLogEvents', logGroup, region);
  const [input] = inputs;
  const content = await readArtifact(role, pipeline, region, input?.key ?? '', AS_BUILD);
  const [name = ''] = action.outputs;
  const built = { name, revision: input?.revision ?? '' };
  const output = await storeArtifact(role, pipeline, region, built, content, AS_BUILD);

  session.call('codebuild:BatchGetBuilds', projectArn, region);
  return {
    summary: `${ProjectName}; the build commands are not run here`,
    outputs: [output],
  };
}
