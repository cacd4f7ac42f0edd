// Where the replay writes: how wide it is, and whether it can redraw lines, show colours and characters beyond ASCII.
import { styleText } from 'node:util';

/** What a terminal or a plain stream has of what is needed here. */
interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Colours that the replay uses. */
export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colours a text, or leaves it alone where there are no colours. */
export type Paint = (colour: Colour, text: string) => string;

/** A place to write to. */
export interface Terminal {
  readonly out: Output;
  readonly paint: Paint;
  /** Lines can be drawn over. */
  readonly redraws: boolean;
  /** Columns to use now; a terminal can be resized. */
  width(): number;
  /** The text with characters that the terminal has. */
  adapt(text: string): string;
  /** Writes whole lines. */
  print(text: string): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Wider lines are hard to read. */
const MAX_WIDTH = 120;
const MIN_WIDTH = 40;
/** Of a log, whose reader's width is unknown. */
const LOG_WIDTH = 100;

/** Stand-ins of one column each. */
const ASCII: Readonly<Record<string, string>> = {
  '━': '#',
  '─': '-',
  '✓': '+',
  '✗': 'x',
  '→': '>',
  '…': '~',
  '↻': '*',
  '×': 'x',
};

/** How texts are coloured, or left alone. */
export function painter(coloured: boolean): Paint {
  return (colour, text) => (coloured ? styleText(colour, text, { validateStream: false }) : text);
}

/** Finds out what a stream can do. `CI`, `TERM`, `NO_COLOR`, `FORCE_COLOR` and the locale are heeded. */
export function createTerminal(out: Output, environment: Environment = process.env): Terminal {
  const isTerminal = out.isTTY === true && environment.TERM !== 'dumb';
  const coloured = environment.FORCE_COLOR
    ? environment.FORCE_COLOR !== '0'
    : isTerminal && !environment.NO_COLOR;
  const hasUnicode = isUnicode(environment);
  const adapt = (text: string): string =>
    hasUnicode ? text : text.replaceAll(/[━─✓✗→…↻×]/g, (character) => ASCII[character] ?? character);
  return {
    out,
    paint: painter(coloured),
    // What a CI system shows is a log, even where it pretends to be a terminal.
    redraws: isTerminal && !environment.CI,
    width: () =>
      out.isTTY === true ? Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, out.columns ?? 80)) : LOG_WIDTH,
    adapt,
    print: (text) => void out.write(`${adapt(text)}\n`),
  };
}

/** Writes nothing; for `--json`. */
export function silentTerminal(): Terminal {
  return createTerminal({ write: () => undefined }, {});
}

/** A locale that is set decides (POSIX, environment variables); the console of Linux has few characters in any. */
function isUnicode({ LC_ALL, LC_CTYPE, LANG, TERM }: Environment): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return TERM !== 'linux' && (locale === undefined || locale === '' || /utf-?8/i.test(locale));
}
