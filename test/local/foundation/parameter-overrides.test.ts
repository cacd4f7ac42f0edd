// What CloudFormation actions pass to templates: texts, and what functions take from artifacts.
import { expect, it } from 'vitest';
import { readParameterOverrides } from '../../../local/foundation/execution/actions/parameter-overrides.ts';

const artifacts = new Map([
  [
    'Release',
    {
      bucket: 'store',
      key: 'pipe/Release/1',
      file: (path: string) => Promise.resolve(JSON.stringify({ image: `of ${path}` })),
    },
  ],
]);

it('are texts, attributes of an artifact, or values of a file in it', async () => {
  const overrides = {
    Text: 'as it is',
    Bucket: { 'Fn::GetArtifactAtt': ['Release', 'BucketName'] },
    Key: { 'Fn::GetArtifactAtt': ['Release', 'ObjectKey'] },
    Image: { 'Fn::GetParam': ['Release', 'build.json', 'image'] },
  };
  const parameters = await readParameterOverrides(JSON.stringify(overrides), artifacts);
  expect(parameters).toEqual({
    Text: 'as it is',
    Bucket: 'store',
    Key: 'pipe/Release/1',
    Image: 'of build.json',
  });
});

it.each([
  [{ 'Fn::GetArtifactAtt': ['Other', 'ObjectKey'] }, /Name names the artifact Other, which is no input/],
  [
    { 'Fn::GetArtifactAtt': ['Release', 'Version'] },
    /known are Fn::GetArtifactAtt with BucketName, ObjectKey, URL/,
  ],
  [{ 'Fn::Sub': ['Release'] }, /Fn::Sub/],
])('are refused where they are not known: %j', async (value, message) => {
  const overrides = JSON.stringify({ Name: value });
  await expect(readParameterOverrides(overrides, artifacts)).rejects.toThrow(message);
});
