/* SPDX-License-Identifier: GPL-2.0-only */
/* How a report looks, and how its tables are sorted. */
#include "plot/report.h"

const char report_style[] =
	":root{color-scheme:light dark}"
	"body{font:14px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;margin:0 auto;padding:16px "
	"24px;max-width:1280px;"
	"background:#fff;color:#1f2328}"
	"h1{font-size:22px}h2{font-size:17px;margin-top:32px;border-bottom:1px solid #d1d9e0;padding-bottom:4px}"
	"a{color:#0969da}nav a{margin-right:16px}"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}"
	"th,td{padding:3px 10px;text-align:left;border-bottom:1px solid #d1d9e0;white-space:nowrap}"
	"th{cursor:pointer;background:#f6f8fa;position:sticky;top:0}td.n,th.n{text-align:right;font-variant-numeric:"
	"tabular-nums}"
	"td.bad{color:#cf222e;font-weight:600}svg{display:block;max-width:100%;height:auto;margin:12px 0}"
	".dim{color:#59636e}"
	"@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}a{color:#4493f8}"
	"h2,th,td{border-color:#3d444d}th{background:#151b23}td.bad{color:#ff7b72}.dim{color:#9198a1}}";

const char report_script[] =
	"document.querySelectorAll('th').forEach(function(th){th.onclick=function(){"
	"var t=th.closest('table'),b=t.tBodies[0],i=th.cellIndex,up=th.dataset.up!=='1';"
	"t.querySelectorAll('th').forEach(function(o){delete o.dataset.up});th.dataset.up=up?'1':'0';"
	"Array.from(b.rows).sort(function(x,y){var p=x.cells[i],q=y.cells[i],"
	"a=p.dataset.v||p.textContent,c=q.dataset.v||q.textContent,"
	"d=th.className==='n'?(a===''?-Infinity:+a)-(c===''?-Infinity:+c)||0:a.localeCompare(c,'en',{numeric:true});"
	"return up?d:-d}).forEach(function(r){b.appendChild(r)})}});";
