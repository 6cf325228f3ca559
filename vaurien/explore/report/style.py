"""How the page of a report looks: on a wide window and on a telephone, on a light and on a dark ground, and on paper. A text."""
STYLE = """
:root { color-scheme: light dark; --ground: #f6f8fa; --sheet: #ffffff; --ink: #1f2328; --faint: #59636e;
  --line: #d1d9e0; --fail: #cf222e; --fail-ground: #ffebe9; --warn: #9a6700; --warn-ground: #fff8c5; --fine: #1a7f37;
  --fine-ground: #dafbe1; --bar: #54aeff; --code: #f0f2f4; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --sheet: #151b23; --ink: #e6edf3; --faint: #9198a1; --line: #3d444d; --fail: #ff7b72;
    --fail-ground: #3c1618; --warn: #e3b341; --warn-ground: #332b00; --fine: #56d364; --fine-ground: #12331d;
    --bar: #316dca; --code: #212830; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 28px; }
footer { padding-bottom: 40px; color: var(--faint); font-size: 13px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 10px; }
h2 { font-size: 19px; margin: 34px 0 2px; }
h3 { font-size: 16px; margin: 0; }
p { margin: 6px 0 12px; }
.faint { color: var(--faint); }
code, pre { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--code); border-radius: 4px; padding: 1px 5px; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 6px; padding: 10px 12px; margin: 6px 0 14px; overflow-x: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; max-height: 420px; overflow-y: auto; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 10px; margin: 18px 0 6px;
  padding: 0; list-style: none; }
.cards li { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; padding: 9px 13px; }
.cards b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.cards span { color: var(--faint); font-size: 13px; }
.cards .fail b { color: var(--fail); }
.cards .warn b { color: var(--warn); }
.note { background: var(--warn-ground); border: 1px solid var(--warn); border-radius: 8px; padding: 9px 13px; }
.scroll { overflow-x: auto; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px;
  margin: 10px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 6px 10px; text-align: left; vertical-align: top; }
thead th { border-bottom: 1px solid var(--line); color: var(--faint); font-weight: 600; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.matrix th[scope=row] { font-weight: 400; min-width: 190px; }
.matrix td { text-align: center; min-width: 62px; padding: 4px; vertical-align: middle; }
.matrix thead th:not(:first-child) { text-align: center; }
.cell { display: block; border-radius: 5px; padding: 3px 5px; font-size: 12px; line-height: 1.3;
  text-decoration: none; }
a { color: inherit; }
.cell.fail { background: var(--fail-ground); color: var(--fail); font-weight: 600; }
.cell.warn { background: var(--warn-ground); color: var(--warn); }
.cell.fine { color: var(--fine); }
.cell.none { color: var(--faint); }
.finding { background: var(--sheet); border: 1px solid var(--line); border-left: 5px solid var(--warn);
  border-radius: 8px; padding: 14px 18px; margin: 12px 0; scroll-margin-top: 12px; }
.finding.fail { border-left-color: var(--fail); }
.finding:target { outline: 2px solid var(--bar); }
.tag { display: inline-block; border-radius: 5px; padding: 0 7px; font-size: 12px; font-weight: 700;
  vertical-align: 2px; margin-right: 6px; background: var(--warn-ground); color: var(--warn); }
.fail > h3 .tag, .tag.fail { background: var(--fail-ground); color: var(--fail); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 10px 0 4px; }
dt { color: var(--faint); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
details { border-top: 1px solid var(--line); padding-top: 8px; margin-top: 10px; }
summary { cursor: pointer; overflow-wrap: anywhere; }
h4 { font-size: 13px; margin: 12px 0 2px; color: var(--faint); text-transform: none; }
.times { list-style: none; margin: 6px 0 10px; padding: 0; font-size: 13px; }
.times li { display: grid; gap: 10px; align-items: center; padding: 2px 0;
  grid-template-columns: minmax(0, 34%) 1fr minmax(110px, 20%); }
.times .name { background: none; padding: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { position: relative; height: 12px; background: var(--code); border-radius: 3px; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 3px; background: var(--bar); }
.hit .track i { background: var(--fail); }
.hit .name, .hit .how { color: var(--fail); font-weight: 600; }
.how { overflow-wrap: anywhere; }
fieldset { border: 0; margin: 16px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 14px; }
legend { float: left; padding: 0; margin-right: 16px; color: var(--faint); }
label { white-space: nowrap; }
@media (max-width: 640px) {
  header, main, footer { padding-left: 14px; padding-right: 14px; }
  h1 { font-size: 20px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 7px; }
  .finding { padding: 12px; }
  .times li { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 10px; padding: 4px 0; }
  .times .track { grid-column: 1 / -1; order: 3; }
  .times .how { text-align: right; }
  .cards { grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); }
}
@media print {
  body { background: none; }
  pre { max-height: none; }
  fieldset { display: none; }
  .finding { break-inside: avoid; }
}
"""
