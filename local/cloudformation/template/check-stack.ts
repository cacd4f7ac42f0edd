// What is known of a stack before anything is made: its template is sound, and which resources come after which.
import { excessesOfTemplate, templateOf } from '../../../infra/checks/limits.ts';
import { TemplateError } from '../deployment-error.ts';
import { referencesIn, type Scope } from './intrinsics.ts';
import { inOrder } from './order.ts';
import { type CheckedTemplate, checkTemplate, type ResourceDeclaration, type Template } from './template.ts';

/** @throws TemplateError for what CloudFormation refuses before it begins */
export function checkStack({ template, region }: { template: Template; region: string }): CheckedTemplate {
  if (/^(cn|us-gov|us-iso\w*|eusc)-/.test(region)) {
    throw new TemplateError(`the embedded AWS has regions of the partition aws only, not ${region}`);
  }
  // As CDK writes it, which is what is uploaded.
  const [excess] = excessesOfTemplate(templateOf(JSON.stringify(template, null, 1)));
  if (excess !== undefined) throw new TemplateError(excess.description);
  const checked = checkTemplate(template);
  if (Object.keys(checked.Resources).length === 0) {
    throw new TemplateError('Template format error: At least one Resources member must be defined.');
  }
  return checked;
}

/** A resource that is declared, and that is made where it has a condition. */
interface DeclaredResource extends ResourceDeclaration {
  readonly logicalId: string;
}

/** The resources whose conditions hold, in the order of dependence. @throws TemplateError for references to what is not there, and for circles */
export function resourcesInOrder(template: CheckedTemplate, scope: Scope): DeclaredResource[] {
  for (const name of Object.keys(template.Conditions)) scope.condition(name);
  const declared = new Map(
    Object.entries(template.Resources)
      .filter(([, { Condition }]) => Condition === undefined || scope.condition(Condition))
      .map(([logicalId, resource]) => [logicalId, { logicalId, ...resource }]),
  );
  return inOrder(declared, (resource) => dependenciesOf(resource, template, declared, scope), 'resources');
}

/** What a resource depends on; DependsOn may also name resources that are not made. */
function dependenciesOf(
  { logicalId, Properties, DependsOn }: DeclaredResource,
  template: CheckedTemplate,
  declared: ReadonlyMap<string, DeclaredResource>,
  scope: Scope,
): string[] {
  const references = referencesIn(Properties, scope.condition, `${logicalId}.Properties`).filter(
    ({ name }) => !Object.hasOwn(template.Parameters, name) && !name.startsWith('AWS::'),
  );
  const [missing] = [
    ...references.filter(({ name }) => !declared.has(name)),
    ...DependsOn.filter((name) => !Object.hasOwn(template.Resources, name)).map((name) => ({
      name,
      path: `${logicalId}.DependsOn`,
    })),
  ];
  if (missing !== undefined) {
    throw new TemplateError(
      `Template format error: Unresolved resource dependencies [${missing.name}] in the Resources block of the template`,
      missing.path,
    );
  }
  return [...references.map(({ name }) => name), ...DependsOn];
}
