// Event rates over time, one line a name, kept while the page is open: begun from window rows, continued by samples.

import type { WindowRow } from '../api/types';
import { withGaps } from './gaps';

const maxPoints = 1800;
const sampleLasts = 10;  // seconds; samples come every two
const windowComes = 30;  // seconds; so long after its end the newest window may be the last one to be had

type Sample = Map<string, number | null>;

interface Point {
  time: number;
  lasts: number;  // seconds until the next one is missed
  rates: Sample;
}

export class RateHistory {
  private points: Point[] = [];
  version = $state(0);  // grows with every change: what charts depend on

  push(time: number, rates: Sample): void {
    this.points.push({ time, lasts: sampleLasts, rates });
    if (this.points.length > maxPoints) this.points.shift();
    this.version += 1;
  }

  // Rows that count events (those without a property): each becomes the mean rate of its window, at the window's middle.
  backfill(rows: WindowRow[]): void {
    if (rows.length === 0) return;
    const first = this.points[0]?.time ?? Date.now() / 1000;
    const windows = new Map<number, Sample>();
    let lasts = 0;
    for (const row of shortestWindow(rows)) {
      const start = Date.parse(row.start) / 1000;
      const end = Date.parse(row.end) / 1000;
      if (!(end > start) || end >= first) continue;
      lasts = 1.5 * (end - start);
      const sample = windows.get((start + end) / 2) ?? new Map<string, number | null>();
      sample.set(row.name, (sample.get(row.name) ?? 0) + (row.events ?? 0) / (end - start));
      windows.set((start + end) / 2, sample);
    }
    const older = [...windows].sort(([a], [b]) => a - b).map(([time, rates]) => ({ time, lasts, rates }));
    const newest = older.at(-1);
    if (newest) newest.lasts += windowComes;
    this.points = [...older, ...this.points].slice(-maxPoints);
    this.version += 1;
  }

  names(): string[] {
    return [...new Set(this.points.flatMap(({ rates }) => [...rates.keys()]))].sort();
  }

  // [times, one row of values for each name], since a time.
  columns(names: string[], since: number): [number[], ...(number | null)[][]] {
    const points = withGaps(this.points.filter(({ time }) => time >= since),
      ({ time, lasts }) => ({ start: time, end: time + lasts }), (time) => ({ time, lasts: 0, rates: new Map() }));
    return [points.map(({ time }) => time), ...names.map((name) => points.map(({ rates }) => rates.get(name) ?? null))];
  }

  last(name: string, count: number): number[] {
    return this.points.slice(-count).map(({ rates }) => rates.get(name)).filter((v) => typeof v === 'number');
  }
}

function shortestWindow(rows: WindowRow[]): WindowRow[] {
  const length = (row: WindowRow): number => Date.parse(row.end) - Date.parse(row.start);
  const shortest = Math.min(...rows.map(length));
  return rows.filter((row) => length(row) === shortest);
}
