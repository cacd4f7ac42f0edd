// The pieces that both pictures of the benchmark are made of.

/** A whole picture, `height` pixels high. */
export function picture(
  { width, height, label, style }: { width: number; height: number; label: string; style: string },
  pieces: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">`,
    `<style>${style}</style>`,
    ...pieces,
    '</svg>',
    '',
  ].join('\n');
}

/** A text at a point. */
export function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
