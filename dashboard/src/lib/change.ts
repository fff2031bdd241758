// What a change makes of a twin.

import type { Property, Twin, TwinChange } from '../api/types';

// A value that was too large for the change is not in it, though its time is.
function isWhole({ v, ts, desired, pending_since }: Partial<Property>): boolean {
  return (ts === undefined || v !== undefined) && (!pending_since || desired !== undefined);
}

// Nothing when the change does not say everything: then the twin must be read.
export function changed(twin: Twin, change: TwinChange): Twin | undefined {
  const told = Object.entries(change.properties ?? {});
  if (change.omitted || !told.every(([, property]) => isWhole(property))) return undefined;
  const properties = { ...twin.properties };
  for (const name of change.removed ?? []) delete properties[name];
  for (const [name, property] of told) {
    const before = property.ts === undefined ? properties[name] ?? { v: null } : { fresh: true };
    properties[name] = { ...before, ...property } as Property;
  }
  return {
    ...twin, properties, rev: change.rev, events: change.events ?? twin.events, last_seen: change.last_seen ?? twin.last_seen,
    status: 'online',
  };
}
