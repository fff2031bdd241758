// Window rows as series: one for each (property, name of the edge or region, group).

import type { WindowRow } from '../api/types';
import type { Columns } from '../parts/chart';
import { withGaps } from './gaps';

export interface WindowSeries {
  key: string;
  title: string;
  columns: Columns;  // time; low, high, mean, p95 of windows that have ended; mean from the last of them through those that are open
  readout: Columns;  // time; low, high, mean, p95, of open windows what they are so far
  newest: WindowRow;
  open: boolean;     // is the newest
}

export function distinct(rows: WindowRow[], field: 'window' | 'property'): string[] {
  return [...new Set(rows.map((row) => row[field]))].sort();
}

// Quantiles are estimates within 1 %, and yet none lies outside of what was measured.
export function p95({ p95: estimate, min = -Infinity, max = Infinity }: Partial<WindowRow>): number | undefined {
  return estimate === undefined ? undefined : Math.min(max, Math.max(min, estimate));
}

// The windows that occur, shortest first.
export function windowNames(rows: WindowRow[]): string[] {
  const lengths = new Map(rows.map((row) => [row.window, Date.parse(row.end) - Date.parse(row.start)]));
  return [...lengths].sort((a, b) => a[1] - b[1]).map(([name]) => name);
}

// `now` in ms: a window that has not ended by then is not full yet.
export function seriesOf(rows: WindowRow[], now: number): WindowSeries[] {
  const groups = new Map<string, WindowRow[]>();
  for (const row of rows) {
    const key = [row.property, row.name, row.group].join('\n');
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([key, group]) => series(key, group, now));
}

interface Point {
  time: number;
  end: number;
  row: Partial<WindowRow>;  // nothing in a gap
}

function series(key: string, rows: WindowRow[], now: number): WindowSeries {
  const byTime = rows.toSorted((a, b) => a.start.localeCompare(b.start));
  const newest = byTime.at(-1) as WindowRow;
  const points = withGaps<Point>(byTime.map((row) => ({ time: Date.parse(row.start), end: Date.parse(row.end), row })),
    ({ time, end }) => ({ start: time, end }), (time) => ({ time, end: time, row: {} }));
  const times = points.map(({ time }) => time / 1000);
  const pick = (of: (row: Partial<WindowRow>) => number | undefined): (number | null)[] => points.map(({ row }) => of(row) ?? null);
  const mean = pick((row) => row.mean);
  const known = [pick((row) => row.min), pick((row) => row.max), mean, pick(p95)];
  const ended = points.filter(({ end }) => end <= now).length;
  const open = ended < points.length;
  const soFar = mean.map((v, i) => (open && i >= ended - 1 ? v : null));
  return {
    key, newest, open, title: [newest.level === 'fleet' ? '' : newest.name, newest.group.replace(/=(?=,|$)/g, '=–').replaceAll(',', ', ')].filter(Boolean).join(' · '),
    columns: [times, ...known.map((column) => column.map((v, i) => (i < ended ? v : null))), soFar], readout: [times, ...known],
  };
}
