// How sure and how well: the one place where a state gets a colour. What is not known is never 'ok'.

import type { Edge, EdgeFunction, FunctionMeters } from '../api/types';

export type Tone = 'ok' | 'warn' | 'bad' | 'unknown' | 'quiet';

export interface State {
  tone: Tone;
  text: string;
}

const unknown: State = { tone: 'unknown', text: 'unknown' };

export const laggingSeconds = 30;

export function edgeState(edge: Edge): State {
  if (edge.connected === undefined || edge.connected === null) return unknown;
  if (!edge.connected) return { tone: 'bad', text: 'disconnected' };
  const lag = edge.lag_seconds;
  return typeof lag === 'number' && lag > laggingSeconds ? { tone: 'warn', text: 'lagging' } : { tone: 'ok', text: 'connected' };
}

const twinTones: Record<string, Tone> = { online: 'ok', stale: 'warn', offline: 'bad', never: 'unknown', unreachable: 'unknown' };

export function twinState(status: string | undefined): State {
  if (!status) return unknown;
  return { tone: twinTones[status] ?? 'unknown', text: status };
}

const functionTones: Record<string, Tone> = {
  active: 'ok', running: 'ok',
  pending: 'quiet', staged: 'quiet', loading: 'quiet', compiling: 'quiet', activating: 'quiet', removing: 'quiet', rolling_out: 'quiet',
  quarantined: 'bad', failed: 'bad', failing: 'bad', rejected: 'bad', refused: 'bad', error: 'bad', conflict: 'bad',
};

export function functionState(fn: EdgeFunction | FunctionMeters): State {
  if (fn.error) return { tone: 'bad', text: fn.state && functionTones[fn.state] === 'bad' ? fn.state : 'error' };
  if (!fn.state) return unknown;
  return { tone: functionTones[fn.state] ?? 'unknown', text: fn.state };
}

// What an edge said of a function before it fell silent is no longer known to be so.
export function functionStateOn(edge: Edge, fn: EdgeFunction): State {
  const state = functionState(fn);
  return edge.connected === true || state.tone !== 'ok' ? state : { tone: 'unknown', text: `was ${state.text}` };
}

export function yesNo(value: unknown, yes: string, no: string): State {
  if (typeof value !== 'boolean') return unknown;
  return value ? { tone: 'ok', text: yes } : { tone: 'bad', text: no };
}

const rank: Record<Tone, number> = { bad: 0, warn: 1, unknown: 2, quiet: 3, ok: 4 };

export function worse(a: Tone, b: Tone): Tone {
  return rank[a] <= rank[b] ? a : b;
}

export function byTone(a: { tone: Tone }, b: { tone: Tone }): number {
  return rank[a.tone] - rank[b.tone];
}
