// uPlot's options in doppel's look.

import uPlot from 'uplot';
import { short } from '../lib/format';
import { lonePoints } from '../lib/gaps';
import { cssColor } from '../lib/theme.svelte';

export type Columns = [number[], ...(number | null)[][]];

export interface Line {
  label: string;
  color: string;        // a CSS variable
  width?: number;
  dash?: number[];
  fill?: number;        // opacity of the area below, down to the line's floor
  floor?: number;       // the line (by index) that the area ends at; the axis without it
  hidden?: boolean;     // drawn, but not in the legend
}

export interface ChartLook {
  lines: Line[];
  axes: boolean;
  zero: boolean;        // the value axis begins at zero
  height: number;
  format: (v: number | null | undefined) => string;
  onCursor: (index: number | null) => void;
}

const pad = (n: number): string => String(n).padStart(2, '0');

function timeLabels(_: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((split) => {
    const date = new Date(split * 1000);
    const minutes = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
    return step < 60 ? `${minutes}:${pad(date.getSeconds())}` : minutes;
  });
}

function range(zero: boolean): uPlot.Range.Function {
  return (_, low, high) => {
    if (low === null || high === null) return [0, 1];
    const margin = high === low ? Math.abs(high) * 0.1 || 1 : (high - low) * 0.12;
    return zero ? [Math.min(0, low), high + margin] : [low - margin, high + margin];
  };
}

function translucent(color: string, opacity: number): string {
  return color.replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);
}

export function chartOptions(look: ChartLook, width: number): uPlot.Options {
  const muted = cssColor('--muted');
  const grid = cssColor('--line');
  const axis: uPlot.Axis = {
    stroke: muted, font: '11.5px "Inter Variable", sans-serif', gap: 6,
    grid: { stroke: grid, width: 1 }, ticks: { show: false },
  };
  const lines = look.lines.map((line): uPlot.Series => {
    const stroke = cssColor(line.color);
    return {
      label: line.label, stroke, width: line.width ?? 1.75, dash: line.dash, spanGaps: false,
      fill: line.fill && line.floor === undefined ? translucent(stroke, line.fill) : undefined,
      points: { show: false, filter: (u, index) => lone(u.data[index] ?? []), size: 5, fill: stroke },
    };
  });
  const bands = look.lines.flatMap((line, i): uPlot.Band[] => (line.floor === undefined || !line.fill ? [] : [
    { series: [i + 1, line.floor + 1], fill: translucent(cssColor(line.color), line.fill) },
  ]));
  return {
    width, height: look.height, bands,
    padding: look.axes ? [8, 26, 0, 0] : [4, 4, 4, 4],
    legend: { show: false },
    scales: { x: { time: true }, y: { range: range(look.zero) } },
    series: [{}, ...lines],
    axes: look.axes
      ? [{ ...axis, size: 28, space: 70, values: timeLabels, grid: { show: false } },
         { ...axis, size: valueAxisSize, space: 36, values: (_, splits) => axisNumbers(splits) }]
      : [{ show: false }, { show: false }],
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 6 } },
    hooks: { setCursor: [(u) => look.onCursor(u.cursor.idx ?? null)] },
  };
}

// As many decimals as it takes to tell the lines of the grid apart.
function axisNumbers(splits: number[]): string[] {
  const step = Math.abs((splits[1] ?? 0) - (splits[0] ?? 0)) || 1;
  let decimals = 0;
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  const most = Math.max(...splits.map(Math.abs));
  if (most >= 1e5 && step >= 100) return splits.map((split) => short(split));
  return splits.map((split) => split.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}

function valueAxisSize(_: uPlot, values: string[] | null): number {
  return 14 + 7 * Math.max(2, ...(values ?? []).map((text) => text.length));
}

// A value that no line reaches is a point.
function lone(values: ArrayLike<number | null | undefined>): number[] | null {
  const found = lonePoints(values);
  return found.length > 0 ? found : null;
}
