// One twin, live: read once, then kept up to date by the change stream; read anew after a gap or a lost connection.

import { api, ApiError } from '../api/client';
import { watchTwin } from '../api/stream';
import type { Property, Twin, TwinChange } from '../api/types';
import { changed } from './change';
import { connection } from './connection.svelte';
import { session } from './session.svelte';
import type { Columns } from '../parts/chart';

const keptPoints = 600;
// Status and freshness follow the clock, not the stream. A coordinator streams only what edges send up: until a change has come,
// the twin is read more often.
const refreshPeriod = 15_000;
const unstreamedPeriod = 3000;

// The values of one property since the page was opened.
class Trace {
  times: number[] = [];
  values: (number | null)[] = [];

  add(time: number, value: number): void {
    const last = this.times.at(-1);
    if (last !== undefined && time <= last) return;
    this.times.push(time);
    this.values.push(value);
    if (this.times.length > keptPoints) {
      this.times.shift();
      this.values.shift();
    }
  }
  columns(): Columns {
    return [[...this.times], [...this.values]];
  }
}

export class LiveTwin {
  twin = $state.raw<Twin>();
  error = $state.raw<ApiError>();
  streaming = $state(false);
  version = $state(0);
  private readonly traces = new Map<string, Trace>();
  private refresh: ReturnType<typeof setInterval> | undefined;
  private period = 0;
  private unwatch: (() => void) | undefined;

  constructor(private readonly id: string, private readonly edge?: string) {}

  start(): void {
    void this.read();
    this.readEvery(session.role === 'coordinator' ? unstreamedPeriod : refreshPeriod);
    this.unwatch = watchTwin(this.id, this.edge, {
      change: (change) => this.apply(change),
      resync: () => void this.read(),
      state: (connected) => { this.streaming = connected; },
    });
  }

  private readEvery(period: number): void {
    if (period === this.period) return;
    this.period = period;
    clearInterval(this.refresh);
    this.refresh = setInterval(() => void this.read(), period);
  }

  stop(): void {
    clearInterval(this.refresh);
    this.unwatch?.();
  }

  trace(property: string): Columns {
    void this.version;
    return this.traces.get(property)?.columns() ?? [[], []];
  }

  private async read(): Promise<void> {
    try {
      const twin = await api.twin(this.id, this.edge);
      // The stream may have been faster than this answer.
      if (this.twin && this.twin.rev > twin.rev) return;
      this.record(twin.properties);
      this.twin = twin;
      this.error = undefined;
      connection.reached();
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(-1, 'The answer could not be read', String(error));
      connection.failed(this.error);
    }
  }

  private apply(change: TwinChange): void {
    if (!this.twin || change.id !== this.id || change.edge !== this.twin.edge || change.rev <= this.twin.rev) return;
    const twin = changed(this.twin, change);
    if (!twin) return void this.read();
    if (this.twin.edge) this.readEvery(refreshPeriod);
    this.record(twin.properties);
    this.twin = twin;
  }

  private record(properties: Record<string, Property>): void {
    for (const [name, { v, ts }] of Object.entries(properties)) {
      if (typeof v !== 'number') continue;
      const trace = this.traces.get(name) ?? new Trace();
      trace.add(ts ? Date.parse(ts) / 1000 : Date.now() / 1000, v);
      this.traces.set(name, trace);
    }
    this.version += 1;
  }
}
