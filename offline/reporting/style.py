"""The look of a report: one style sheet for screens light and dark, small and wide, and for paper."""

from liveaffect.models.circumplex import EMOTION_COLOURS

_LIGHT = """
--ink:#1b1f27; --soft:#5c6370; --faint:#8d94a1; --rule:#e3e5ea; --page:#fff; --card:#f7f8fa; --panel:#fafbfc;
--missing:#e9e5dc; --missing-ink:#7c7566; --valence:#0072b2; --arousal:#c65200; --voice:#008a64; --accent:#a64d86;
--good:#00704f; --bad:#b3261e; --e-neutral:#c4c9d2; --e-fear:#7b5aa6;
"""
_DARK = """
--ink:#eceef2; --soft:#a9b0bd; --faint:#7d8594; --rule:#2c313b; --page:#14171c; --card:#1c2027; --panel:#191d23;
--missing:#2b2923; --missing-ink:#a79f8c; --valence:#5ab4ea; --arousal:#ff9752; --voice:#3fd0a3; --accent:#dd8fc0;
--good:#3fd0a3; --bad:#ff8a80; --e-neutral:#6b7280; --e-fear:#9d7fc9;
"""
_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Liberation Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:44px 32px 72px}
h1{font-size:32px;line-height:1.2;margin:2px 0 6px;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:23px;line-height:1.25;margin:60px 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h3{font-size:15px;margin:30px 0 8px;font-weight:650}
p{margin:6px 0;max-width:84ch}
.sub{max-width:none}
.brand{font-size:13px;font-weight:650;letter-spacing:.04em;color:var(--soft)}
.sub,.note,figcaption{color:var(--soft)}
.note{font-size:14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(146px,1fr));gap:12px;margin:26px 0 8px}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:13px 14px}
.tile b{display:block;font-size:23px;line-height:1.25;font-weight:650;letter-spacing:-.01em}
.tile span{display:block;font-size:13px;line-height:1.35;color:var(--soft);margin-top:3px}
.tile i{font-style:normal;font-size:12.5px;line-height:1.35;color:var(--faint);display:block;margin-top:3px}
figure{margin:18px 0 0;overflow-x:auto}
figure svg{display:block;width:100%;min-width:680px;height:auto}
figcaption{font-size:13px;margin-top:8px;max-width:none}
.pair{display:grid;grid-template-columns:minmax(280px,400px) 1fr;gap:36px;align-items:start;margin-top:10px}
.pair figure svg{min-width:0;max-width:400px;margin:0 auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{font-weight:600;text-align:left;color:var(--soft);font-size:13px}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top}
td.n,th.n{text-align:right}
.wide{overflow-x:auto;background:linear-gradient(to left,var(--page) 14px,transparent) right/44px 100% no-repeat local,
linear-gradient(to left,color-mix(in srgb,var(--faint) 45%,transparent),transparent) right/12px 100% no-repeat scroll}
.wide td:first-child,.wide th:first-child{position:sticky;left:0;background:var(--page);min-width:9ch}
.bars{display:grid;grid-template-columns:auto 1fr auto;gap:5px 12px;align-items:center;font-size:14px;
margin:6px 0 4px}
.bars .rail{height:11px;border-radius:3px;background:var(--rule)}
.bars .fill{display:block;height:100%;border-radius:3px;min-width:1px;print-color-adjust:exact;
-webkit-print-color-adjust:exact}
.bars .unit-bar{background:var(--accent)}
.bars .n{text-align:right;color:var(--soft)}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin:12px 0 0;padding:0;
list-style:none}
.key span{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;vertical-align:-1px;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.good{color:var(--good)} .bad{color:var(--bad)}
.badge{display:inline-block;font-size:13px;font-weight:650;padding:1px 10px;border-radius:99px;
border:1px solid currentColor}
.read{columns:2;column-gap:44px;margin-top:14px}
.read div{break-inside:avoid;margin:0 0 18px}
.read h3{margin:0 0 2px}
.read p{margin:0;font-size:14.5px;color:var(--soft)}
.limits{border:1px solid var(--rule);border-left:4px solid var(--arousal);border-radius:8px;background:var(--card);
padding:16px 22px;margin-top:20px}
.limits ul{margin:6px 0 0;padding-left:18px;font-size:14.5px}
.limits li{margin:5px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 22px;margin:10px 0;font-size:14px}
dt{color:var(--soft)} dd{margin:0;overflow-wrap:anywhere}
code{font:13px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
footer{margin-top:64px;padding-top:14px;border-top:1px solid var(--rule);font-size:13px;color:var(--faint)}
svg text{fill:var(--soft);font-size:11px}
svg .title{font-size:13.5px;font-weight:650;fill:var(--ink)}
svg .end{fill:var(--faint)} svg .label{font-size:12px}
svg .unit{font-size:10px} svg .unit tspan{fill:var(--ink);font-weight:600}
svg .panel{fill:none;stroke:var(--rule)}
svg .grid{stroke:var(--rule);stroke-width:.8} svg .zero{stroke:var(--faint);stroke-width:.8;stroke-dasharray:2 3}
svg .missing{fill:var(--missing)} svg .why{fill:var(--missing-ink);font-size:11px}
svg .band{stroke:none;opacity:.2} svg .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
svg .line.valence{stroke:var(--valence)} svg .band.valence{fill:var(--valence)}
svg .line.arousal{stroke:var(--arousal)} svg .band.arousal{fill:var(--arousal)}
svg .line.voice{stroke:var(--voice)} svg .band.voice{fill:var(--voice)}
svg .line.discord{stroke:var(--accent)} svg .band.discord{fill:var(--accent)}
svg .heat{image-rendering:pixelated}
svg .marker{stroke:var(--ink);stroke-width:1;stroke-dasharray:3 3} svg .marker-text{fill:var(--ink);font-size:11px}
svg .change{stroke:var(--faint);stroke-width:1;stroke-dasharray:1 3}
svg .lane{fill:var(--rule);opacity:.6} svg .present{fill:var(--valence)}
svg .said-by{fill:var(--accent);opacity:.75} svg .by{font-size:10.5px;fill:#fff}
svg .line.theirs{stroke:var(--accent)} svg .line.ours{stroke:var(--faint);stroke-width:1.3;stroke-dasharray:4 3}
svg .disc{fill:var(--card)} svg .ring{fill:none;stroke:var(--faint)} svg .cross{stroke:var(--rule)}
svg .term-text{font-size:11.5px;fill:var(--ink);paint-order:stroke;stroke:var(--page);
stroke-width:3px}
svg .term{stroke:var(--page);stroke-width:1.2}
svg .mean{stroke:var(--ink);stroke-width:2.4;fill:none}
@media screen and (max-width:760px){main{padding:28px 18px 48px}.pair{grid-template-columns:1fr}.read{columns:1}
h1{font-size:26px}}
@page{size:A4;margin:14mm 13mm}
@media print{body{font-size:12.5px}main{max-width:none;padding:0}h1{font-size:24px}
h2{font-size:18px;margin-top:26px;break-after:avoid}
h3{break-after:avoid}figure{overflow:visible}figure svg{min-width:0}figure,.tile,.pair,.limits,tr{break-inside:avoid}
.read div,dl{break-inside:avoid}.person>.note{break-after:avoid}
.tile{padding:9px 12px}.tile b{font-size:16px}
.tiles{gap:6px;margin:12px 0 4px;grid-template-columns:repeat(6,1fr)}
.tile span,.tile i{font-size:10px}figcaption,.key,.note{font-size:10.5px}h3{margin-top:16px}figure{margin-top:10px}
footer{margin-top:24px}
.read p,.limits ul{font-size:12px}
table,dl,.bars{font-size:12px}.pair{grid-template-columns:190px 1fr;gap:20px}.pair figure svg{max-width:190px}
.side th{white-space:nowrap}
.side{display:grid;grid-template-columns:1fr 1fr;gap:22px}.side h3{font-size:12px;margin:8px 0 4px}
.side table,.side .bars{font-size:10.5px}.side th{font-size:10px}.side th,.side td{padding:3px 5px 3px 0}
.bars{gap:3px 8px}.bars .rail{height:8px}
svg .missing,svg .present,.tile{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def style_sheet() -> str:
    """CSS for the head of the page; nothing in it leads outside the file."""
    fixed = {name: colour for name, colour in EMOTION_COLOURS.items() if name not in ("neutral", "fear")}
    emotions = "".join(f".e-{name}{{fill:{colour};background:{colour}}}" for name, colour in fixed.items())
    emotions += "".join(f".e-{name}{{fill:var(--e-{name});background:var(--e-{name})}}" for name in ("neutral", "fear"))
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    return f":root{{color-scheme:light dark;{_LIGHT}}}{dark}{_RULES}{emotions}"
