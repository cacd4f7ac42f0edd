// How the page of a replay looks.

/** The style sheet: no fonts or pictures from elsewhere; dark where the reader's system is, light on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --faint: #5b6470; --line: #d9dee4; --panel: #f5f7f9;
  --look: #6ea8dc; --read: #3f6fb5; --write: #2f9e62; --finish: #1b7f86; --clean: #a58a3a; --report: #8558b8; --failed: #d1383d;
  --good: #1e7d48; --bad: #b3262b; --warn: #8a6100; --shade: rgba(60, 110, 170, .07);
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e4e8ec; --faint: #98a3af; --line: #303842; --panel: #1b2128;
    --look: #5f9bd0; --read: #7aa5e0; --write: #45b97c; --finish: #3fb1b9; --clean: #c9a94f; --report: #b48ae0; --failed: #f0666b;
    --good: #5fd093; --bad: #ff8a8e; --warn: #e0b34c; --shade: rgba(130, 180, 240, .08);
  }
}
@media print {
  :root {
    color-scheme: light;
    --ink: #000000; --faint: #444444; --line: #bbbbbb; --panel: #ffffff;
  }
  body { font-size: 11px; }
  section { break-inside: avoid; }
  .hint { display: none; }
  .scroll { overflow: visible; }
}
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body {
  margin: 0 auto; padding: 28px 24px 40px; max-width: 1180px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.5em; overflow-wrap: anywhere; }
h2 { margin: 1.8em 0 .5em; font-size: 1.1em; }
p { margin: .3em 0; }
code { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; }
.small, .hint, footer { color: var(--faint); font-size: .85em; }
.verdict { display: inline-block; margin-top: .6em; padding: .15em .8em; border-radius: 1em; border: 1px solid; font-weight: 600; color: var(--bad); }
.verdict.succeeded { color: var(--good); }
.verdict.failed-as-expected { color: var(--warn); }
.note { color: var(--warn); }
.figures { display: flex; flex-wrap: wrap; gap: 10px; margin: 1.2em 0 0; }
.figures > div { flex: 1 1 130px; padding: 8px 14px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
dt { color: var(--faint); font-size: .85em; }
dd { margin: 0; font-size: 1.25em; font-weight: 600; overflow-wrap: anywhere; }
dd.small { font-size: .85em; font-weight: 400; }
.result { padding: 10px 16px; border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 8px; background: var(--panel); overflow-wrap: anywhere; }
.result.Succeeded { border-left-color: var(--good); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 600; }
thead th { border-bottom: 1px solid var(--line); color: var(--faint); font-size: .85em; }
td, th { padding: 5px 12px 5px 0; vertical-align: top; }
tbody td { border-bottom: 1px solid var(--line); }
table.plain td { border: 0; }
table.plain td, table.plain th { padding-top: 2px; padding-bottom: 2px; }
table.plain th { font-weight: 400; white-space: nowrap; width: 1%; }
.how, .number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.number { text-align: right; }
.right { color: var(--good); white-space: nowrap; }
.wrong { color: var(--bad); }
.meter { width: 40%; min-width: 60px; vertical-align: middle; }
.meter .swatch { display: block; width: 0; height: 10px; margin: 6px 0 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 40px; }
.legend span { display: inline-block; margin-right: 1.2em; font-size: .85em; color: var(--faint); }
.swatch { display: inline-block; width: 14px; height: 10px; margin-right: .4em; border-radius: 2px; background: var(--look); }
.swatch.read { background: var(--read); } .swatch.write { background: var(--write); } .swatch.finish { background: var(--finish); }
.swatch.clean { background: var(--clean); } .swatch.report { background: var(--report); } .swatch.failed { background: var(--failed); }
.swatch.retry { background: none; border: 2px solid var(--ink); }
svg.timeline { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg text.small { fill: var(--faint); font-size: 9.5px; } svg text.group { font-weight: 600; }
svg .tick { stroke: var(--line); stroke-dasharray: 2 3; } svg .rule { stroke: var(--line); stroke-width: .5; }
svg .invocation { fill: var(--shade); stroke: none; } svg .invocation.failed { fill: var(--failed); fill-opacity: .08; }
svg .bar { fill: var(--look); } svg .read { fill: var(--read); } svg .write { fill: var(--write); } svg .finish { fill: var(--finish); }
svg .clean { fill: var(--clean); } svg .report { fill: var(--report); } svg .failed.bar { fill: var(--failed); }
svg .retry { stroke: var(--ink); stroke-width: 1; }
footer { margin-top: 2.5em; border-top: 1px solid var(--line); padding-top: .8em; }
`;
