// The frame of a self-contained HTML document without scripts, for screens light and dark, and for paper.
import { html, Markup } from './html.ts';
import { STYLE } from './style.ts';

/** The document as text; it loads nothing, and its policy keeps it from doing so. */
export function pageOf(title: string, body: Markup): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return page.text;
}
