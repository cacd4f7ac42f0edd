// `npm run api`: writes API.md from the doc comments of the public API, as API Extractor reads them from its declarations.
import { execFile } from 'node:child_process';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import {
  type ApiClass,
  ApiDocumentedItem,
  type ApiInterface,
  type ApiItem,
  ApiItemKind,
  ApiModel,
  type ApiPropertyItem,
  ApiProtectedMixin,
  type Excerpt,
} from '@microsoft/api-extractor-model';
import type { DocBlock, DocFencedCode, DocNode } from '@microsoft/tsdoc';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where the document is kept. */
export const API_DOCUMENT = join(ROOT, 'API.md');

const INTRODUCTION = `# API

What \`import { … } from 'codepipeline-artifact-sync'\` gives, for apps of the AWS CDK; written by \`npm run api\` from the doc comments.
How the pieces fit together: [docs/deploy.md](docs/deploy.md#constructs-in-your-own-cdk-app).
`;

/**
 * The document for the doc comments as they are now.
 * @throws when API Extractor finds errors (those of types: `npm run typecheck`)
 */
export async function apiDocument(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'api-'));
  try {
    const compiler = join(ROOT, 'node_modules/.bin/tsc');
    const options = ['-p', 'tsconfig.package.json', '--emitDeclarationOnly', '--noCheck', '--outDir', folder];
    await promisify(execFile)(compiler, options, { cwd: ROOT });
    const file = join(folder, 'package.api.json');
    const packages = join(folder, 'packages.d.ts');
    await writeFile(packages, await importedNames(folder));
    const result = Extractor.invoke(configuration([join(folder, 'infra/index.d.ts'), packages], file), {
      messageCallback: (message) => {
        // Exports that only types of other packages name, comments in our own style: of no concern here.
        if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
      },
    });
    if (!result.succeeded) throw new Error(`API Extractor found ${result.errorCount} errors`);
    const [entry] = new ApiModel().loadPackage(file).entryPoints;
    const items = (entry?.members ?? []).filter(isDescribed);
    const classes = items.filter(({ kind }) => kind === ApiItemKind.Class);
    const interfaces = items.filter(({ kind }) => kind === ApiItemKind.Interface);
    return [
      INTRODUCTION,
      '## Constructs\n',
      ...classes.map(section),
      '## Props and other types\n',
      ...interfaces.map(section),
    ].join('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Declares what is imported from packages, by name alone: the document shows types as they are written, and to read all of the
 * CDK's would take most of the time. Away from the repository no other declaration of them is found.
 */
async function importedNames(folder: string): Promise<string> {
  const modules: string[] = [];
  for await (const file of glob('infra/constructs/**/*.d.ts', { cwd: folder })) {
    const text = await readFile(join(folder, file), 'utf8');
    for (const [, names = '', from = ''] of text.matchAll(
      /^import (?:type )?\{ (.+) \} from '([^.'].*)';$/gm,
    )) {
      const declared = names
        .split(', ')
        .map((name) => `export interface ${name.replace(/^type | as .*$/g, '')} {}`);
      modules.push(`declare module '${from}' { ${declared.join(' ')} }\n`);
    }
  }
  return modules.join('');
}

function configuration(
  files: readonly [entry: string, ...more: string[]],
  apiJsonFilePath: string,
): ExtractorConfig {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(ROOT, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      mainEntryPointFilePath: files[0],
      projectFolder: ROOT,
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            target: 'es2024',
            lib: ['es2024'],
            strict: true,
            skipLibCheck: true,
            types: [],
          },
          files,
        },
      },
      apiReport: { enabled: false },
      docModel: { enabled: true, apiJsonFilePath },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
    },
  });
}

type Described = ApiClass | ApiInterface;

function isDescribed(item: ApiItem): item is Described {
  return item.kind === ApiItemKind.Class || item.kind === ApiItemKind.Interface;
}

function section(item: Described): string {
  const bases =
    item.kind === ApiItemKind.Class
      ? [(item as ApiClass).extendsType, ...(item as ApiClass).implementsTypes]
      : (item as ApiInterface).extendsTypes;
  const extended = bases.flatMap((base) => (base === undefined ? [] : code(base.excerpt)));
  const comment = commentOf(item);
  const rows = item.members.flatMap(row);
  return [
    `### ${item.displayName}\n`,
    comment.summary,
    ...(extended.length > 0 ? [`Extends ${extended.join(', ')}.\n`] : []),
    ...comment.notes.map((note) => `${note}\n`),
    ...(rows.length > 0
      ? ['| member | type | meaning | default |', '| --- | --- | --- | --- |', ...rows, '']
      : []),
  ].join('\n');
}

function row(member: ApiItem): string[] {
  // What only subclasses see is the CDK's own protocol.
  if (
    member.kind === ApiItemKind.Constructor ||
    (ApiProtectedMixin.isBaseClassOf(member) && member.isProtected)
  ) {
    return [];
  }
  const { summary, preset, notes } = commentOf(member);
  const property = member as ApiPropertyItem;
  const isProperty = 'propertyTypeExcerpt' in property;
  const type = isProperty
    ? code(property.propertyTypeExcerpt)
    : member.kind === ApiItemKind.IndexSignature
      ? 'by name'
      : 'method';
  const needed = isProperty && !property.isOptional && member.parent?.kind === ApiItemKind.Interface;
  const name = isProperty ? `\`${member.displayName}\`` : `\`${signature(member)}\``;
  const cells = [name, type, [summary, ...notes].join(' '), preset ?? (needed ? '_required_' : '')];
  return [
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()).join(' | ')} |`,
  ];
}

function signature(member: ApiItem): string {
  const { excerpt } = member as ApiItem & { readonly excerpt: Excerpt };
  return excerpt.text.replace(/;$/, '');
}

function code(excerpt: Excerpt): string {
  return `\`${excerpt.text.replaceAll(/\s+/g, ' ')}\``;
}

interface Comment {
  readonly summary: string;
  readonly preset?: string;
  readonly notes: readonly string[];
}

function commentOf(item: ApiItem): Comment {
  const comment = item instanceof ApiDocumentedItem ? item.tsdocComment : undefined;
  if (comment === undefined) return { summary: '', notes: [] };
  const blocks = [...comment.customBlocks, ...comment.seeBlocks];
  const named = (name: string): string[] =>
    blocks.filter(({ blockTag }) => blockTag.tagName === name).map((block: DocBlock) => text(block.content));
  const [preset] = named('@default');
  return {
    summary: text(comment.summarySection),
    ...(preset === undefined ? {} : { preset: preset.trim() }),
    notes: [
      ...named('@throws').map((when) => `Throws ${when.trim()}.`),
      ...named('@see').map((where) => `See ${where.trim()}.`),
    ],
  };
}

/** A part of a comment as Markdown: as it was written, with paragraphs kept apart. */
function text(node: DocNode): string {
  const children = node.getChildNodes().map(text).join('');
  switch (node.kind) {
    case 'SoftBreak':
      return '\n';
    case 'Paragraph':
      return `${children.trim()}\n\n`;
    case 'FencedCode':
      return fenced(node as DocFencedCode);
    case 'Section':
      return children
        .replace(/\n{3,}/g, '\n\n')
        .trimEnd()
        .concat('\n');
    default:
      return node.getChildNodes().length > 0 ? children : excerptOf(node);
  }
}

function fenced({ language, code: lines }: DocFencedCode): string {
  return `\`\`\`${language}\n${lines.trimEnd()}\n\`\`\`\n\n`;
}

function excerptOf(node: DocNode): string {
  const content = (node as DocNode & { readonly content?: { toString(): string } }).content;
  return content === undefined ? '' : content.toString();
}

if (import.meta.main) {
  const document = await apiDocument();
  const before = await readFile(API_DOCUMENT, 'utf8').catch(() => '');
  if (document !== before) await writeFile(API_DOCUMENT, document);
}
