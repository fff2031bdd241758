// How sure and how well: the one place where a state gets a colour. What is not known is never 'ok'.

import type { Edge, EdgeFunction, Facts, FunctionMeters, Twin } from '../api/types';

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

// `edge` is whose twin it is, at a coordinator: what a silent edge said of its twins is no longer known to be so.
export function twinState(twin: Twin, now: number, edge?: Edge): State {
  if (edge && edge.connected !== true) return { tone: 'unknown', text: 'unreachable' };
  const status = twin.status ?? (edge && edgeState(edge).tone === 'ok' ? statusByAge(twin.last_seen, now) : undefined);
  return status ? { tone: twinTones[status] ?? 'unknown', text: status } : unknown;
}

// A coordinator passes twins on as they were sent, without a status: the rule of the edges, applied at reading.
function statusByAge(lastSeen: string | null | undefined, now: number): string | undefined {
  if (lastSeen === undefined) return undefined;
  if (lastSeen === null) return 'never';
  const age = now - Date.parse(lastSeen);
  return age <= 60_000 ? 'online' : age <= 600_000 ? 'stale' : 'offline';
}

const functionTones: Record<string, Tone> = {
  active: 'ok', pending: 'quiet', loading: 'quiet', compiling: 'quiet',
  quarantined: 'bad', unavailable: 'bad', failed: 'bad', refused: 'bad', rejected: 'bad', conflict: 'bad',
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

const behind = 10_000;  // records; a batch has at most 1,000

// A node whose journal or store cannot be written ends itself: one that answers with its positions can.
export function journalState(facts: Facts | undefined): State {
  if (facts?.error) return { tone: 'bad', text: 'error' };
  const { last_position: last, applied_position: applied } = facts ?? {};
  if (typeof last !== 'number' || typeof applied !== 'number') return unknown;
  return last - applied > behind ? { tone: 'warn', text: 'behind' } : { tone: 'ok', text: 'keeping up' };
}

export function storeState(facts: Facts | undefined): State {
  if (facts?.error) return { tone: 'bad', text: 'error' };
  if (typeof facts?.commits !== 'number') return unknown;
  if (facts.commits === 0) return { tone: 'quiet', text: 'no commit yet' };
  return Number(facts.outbox_dropped ?? 0) > 0 ? { tone: 'warn', text: 'effects dropped' } : { tone: 'ok', text: 'committing' };
}

export function uplinkState(facts: Facts | null | undefined): State {
  return facts === null ? { tone: 'quiet', text: 'not configured' } : yesNo(facts?.connected, 'connected', 'disconnected');
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
