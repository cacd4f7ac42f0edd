// The order of dependence: of resources in a stack, and of stacks; a circle is refused with its path.
import { TemplateError } from '../deployment-error.ts';

/** Items such that each comes after all that it depends on, else as they are given. @throws TemplateError for a circle */
export function inOrder<Item>(
  items: ReadonlyMap<string, Item>,
  dependenciesOf: (item: Item) => Iterable<string>,
  what: string,
): Item[] {
  const done = new Map<string, Item>();
  const visit = (name: string, path: readonly string[]): void => {
    const item = items.get(name);
    if (item === undefined || done.has(name)) return;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name];
      throw new TemplateError(`Circular dependency between ${what}: ${circle.join(' -> ')}`);
    }
    for (const dependency of dependenciesOf(item)) visit(dependency, [...path, name]);
    done.set(name, item);
  };
  for (const name of items.keys()) visit(name, []);
  return [...done.values()];
}
