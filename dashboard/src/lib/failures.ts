// The runs and errors of functions in the last minutes. The server counts from the first run of all, fixed errors included.

import type { FunctionMeters } from '../api/types';

export interface Runs {
  runs: number;
  errors: number;
}

interface Sample extends Runs {
  time: number;
  version: string;
}

const span = 300_000;  // ms

export class FailureWatch {
  private readonly samples = new Map<string, Sample[]>();

  // Takes the newest meters; what has happened since the watch began, at most five minutes ago, by name.
  see(functions: FunctionMeters[], now: number): Map<string, Runs> {
    return new Map(functions.map((fn) => [fn.name, this.since(fn, now)]));
  }

  private since({ name, version = '', version_sha256 = version, runs = 0, errors = 0 }: FunctionMeters, now: number): Runs {
    const newest = { time: now, version: version_sha256, runs, errors };
    // Another version, or counters that went back (a new start), begin anew.
    const kept = (this.samples.get(name) ?? [])
      .filter((old) => now - old.time <= span && old.version === newest.version && old.runs <= runs && old.errors <= errors);
    this.samples.set(name, [...kept, newest]);
    const oldest = kept[0] ?? newest;
    return { runs: runs - oldest.runs, errors: errors - oldest.errors };
  }
}
