// Properties whose values are moments: a device's own time, which a twin keeps among its properties.

import type { Json, Property } from '../api/types';

const [first, end] = [Date.UTC(2000), Date.UTC(2100)];
const units = [1000, 1, 1e-3, 1e-6];  // in ms: of s, ms, us, ns
const usual = ['ts', 'time', 'timestamp', 't'];  // where an edge looks for the time of an event

// The unit is told by the size, as edges do.
function milliseconds(v: Json): number | undefined {
  const count = typeof v === 'string' && /^\d+$/.test(v) ? Number(v) : v;
  if (typeof count === 'number') return units.map((unit) => Math.round(count * unit)).find((ms) => ms >= first && ms < end);
  return typeof v === 'string' && /^\d{4}-\d\d-\d\dT/.test(v) ? Date.parse(v) : undefined;
}

// The moment, when the value is the one that it was reported at, or has the name and the looks of one.
export function momentOf(name: string, { v, ts = '' }: Property): string | undefined {
  const ms = milliseconds(v);
  if (ms === undefined || Number.isNaN(ms)) return undefined;
  return usual.includes(name) || Math.abs(ms - Date.parse(ts)) <= 1 ? new Date(ms).toISOString() : undefined;
}
