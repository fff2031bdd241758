// Window rows as series: one for each (edge or region, group) of a property.

import type { WindowRow } from '../api/types';
import type { Columns } from '../parts/chart';

export interface WindowSeries {
  key: string;
  title: string;
  columns: Columns;  // time, low, high, mean, p95
  newest: WindowRow;
}

export function distinct(rows: WindowRow[], field: 'window' | 'property' | 'name'): string[] {
  return [...new Set(rows.map((row) => row[field]))].sort();
}

// The windows that occur, shortest first.
export function windowNames(rows: WindowRow[]): string[] {
  const lengths = new Map(rows.map((row) => [row.window, Date.parse(row.end) - Date.parse(row.start)]));
  return [...lengths].sort((a, b) => a[1] - b[1]).map(([name]) => name);
}

export function seriesOf(rows: WindowRow[], named: boolean): WindowSeries[] {
  const groups = new Map<string, WindowRow[]>();
  for (const row of rows) {
    const key = `${row.name}\n${row.group}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([key, group]) => series(key, group, named));
}

function series(key: string, rows: WindowRow[], named: boolean): WindowSeries {
  const byTime = rows.toSorted((a, b) => a.start.localeCompare(b.start));
  const newest = byTime.at(-1) as WindowRow;
  const pick = (field: 'min' | 'max' | 'mean' | 'p95'): (number | null)[] => byTime.map((row) => row[field] ?? null);
  const title = [named ? newest.name : '', newest.group.replaceAll(',', ', ')].filter(Boolean).join(' · ');
  return {
    key, newest, title: title || 'all',
    columns: [byTime.map((row) => Date.parse(row.start) / 1000), pick('min'), pick('max'), pick('mean'), pick('p95')],
  };
}
