// What deserves a person's attention, worst first. Pure: values in, a list out.

import type { Alert, DeadLetter, Edge, EdgeFunction, Facts, FunctionMeters, MqttSource, NodeInfo } from '../api/types';
import type { Runs } from './failures';
import { duration, number, plural, value } from './format';
import { link, twinLink } from './router.svelte';
import { byTone, edgeState, functionState, journalState, storeState, uplinkState, type State, type Tone } from './tone';

export interface Problem {
  key: string;
  tone: Tone;
  title: string;
  detail: string;
  since?: string;
  href?: string;
}

export function fleetProblems(edges: Edge[], alerts: Alert[], now: number): Problem[] {
  const told = (alert: Alert): boolean =>
    edges.some(({ name, functions = [] }) => name === alert.edge && functions.some((fn) => tellsCondition(alert, fn)));
  return [
    ...edges.flatMap(edgeProblem), ...edges.flatMap(edgeFunctionProblems), ...edges.flatMap((edge) => edgeLetterProblems(edge, now)),
    ...alertProblems(alerts.filter((alert) => !told(alert))),
  ].sort(byTone);
}

function edgeProblem(edge: Edge): Problem[] {
  const { tone, text } = edgeState(edge);
  if (tone === 'ok') return [];
  const detail = {
    disconnected: 'Its twins are shown as last heard; it keeps working on its own.',
    lagging: `What is shown is ${duration(edge.lag_seconds)} behind.`,
    unknown: 'Nothing was heard that tells whether it is up.',
  }[text] ?? '';
  return [{
    key: `edge ${edge.name}`, tone, title: text === 'unknown' ? `State of edge ${edge.name} unknown` : `Edge ${edge.name} is ${text}`, detail,
    since: edge.connected ? undefined : (edge.last_seen ?? undefined), href: link('edges', edge.name),
  }];
}

function edgeFunctionProblems(edge: Edge): Problem[] {
  return (edge.functions ?? []).map((fn) => ({ fn, state: functionState(fn) })).filter(({ state }) => state.tone === 'bad')
    .map(({ fn, state }) => ({
      key: `function ${edge.name} ${fn.name}`, tone: 'bad' as const,
      title: `Function ${fn.name} on ${edge.name}: ${state.text}`, detail: fn.error ?? (fn.state === 'quarantined' ? wayOut(fn.name) : ''), href: link('edges', edge.name),
    }));
}

// The letters themselves are at the edge.
function edgeLetterProblems({ name, dead_letters: count, newest_dead_letter: newest }: Edge, now: number): Problem[] {
  if (!count || !isRecent(newest, now)) return [];
  return [{
    key: `letters ${name}`, tone: 'warn', title: `New dead letters on ${name}`, since: newest ?? undefined, href: link('edges', name),
    detail: `It keeps ${number(count)}: its own dashboard says why, or doppel dead list at that edge.`,
  }];
}

// One line for each (alert, edge), however many twins raise it.
export function alertProblems(alerts: Alert[]): Problem[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = `alert ${alert.edge ?? ''} ${alert.alert}`;
    const group = groups.get(key);
    if (group) group.push(alert);
    else groups.set(key, [alert]);
  }
  return [...groups].map(([key, group]) => alertProblem(key, group));
}

function alertProblem(key: string, group: Alert[]): Problem {
  const newestFirst = group.toSorted((a, b) => (b.since ?? '').localeCompare(a.since ?? ''));
  const first = newestFirst[0] as Alert;
  const where = first.edge ? ` on ${first.edge}` : '';
  const named = newestFirst.slice(0, 3).map((a) => (a.value === undefined || a.value === null ? a.twin : `${a.twin} = ${value(a.value)}`));
  const more = group.length > 3 ? `, and ${number(group.length - 3)} more` : '';
  return {
    key, tone: 'warn',
    title: group.length === 1 ? `${first.alert}: ${first.twin}` : `${first.alert}: ${plural(group.length, 'twin')}${where}`,
    detail: group.length === 1 ? `${value(first.value)}${where}` : named.join(', ') + more,
    since: first.since,
    href: group.length === 1 ? twinLink(first.twin, first.edge) : undefined,
  };
}

// Alerts name their edge everywhere; on its own dashboard only a coordinator's addresses would.
export function edgeNodeProblems(
  node: NodeInfo, functions: FunctionMeters[], alerts: Alert[], recent: Map<string, Runs> = new Map(),
): Problem[] {
  const own = alerts.map((alert) => ({ ...alert, edge: undefined }));
  return [
    ...sourceProblems(node), ...partProblems(node), ...functions.flatMap((fn) => meterProblems(fn, own, recent.get(fn.name))),
    ...alertProblems(own.filter((alert) => !functions.some((fn) => tellsCondition(alert, fn)))),
  ].sort(byTone);
}

// That a function holds its events is its state, and an alert as well.
const holdsEvents = (fn: EdgeFunction | FunctionMeters): boolean => fn.state === 'quarantined' || fn.state === 'unavailable';

function tellsCondition(alert: Alert, fn: EdgeFunction | FunctionMeters): boolean {
  return holdsEvents(fn) && alert.alert === fn.state && alert.twin === `fn:${fn.name}`;
}

const wayOut = (name: string): string => `Deploy another version, or: doppel dead retry --fn ${name}`;

function sourceComplaint({ connected, state, url }: MqttSource): string | null {
  if (!connected) return `The broker ${url} cannot be reached`;
  if (state === 'refused') return `The broker ${url} refuses a subscription`;
  return state === 'lower_qos' ? `The broker ${url} may lose messages` : null;
}

function sourceProblems(node: NodeInfo): Problem[] {
  return (node.mqtt ?? []).flatMap((source) => {
    const title = sourceComplaint(source);
    if (title === null) return [];
    const { name, since, last_error } = source;
    return [{ key: `source ${name}`, tone: 'bad' as const, title, detail: last_error ?? 'Nothing that it carries arrives.', since }];
  });
}

export function partProblems(node: NodeInfo): Problem[] {
  const journal = journalState(node.journal);
  const store = storeState(node.store);
  const uplink = uplinkState(node.uplink);
  const error = (facts: Facts | null | undefined, otherwise: string): string => (facts?.error ? value(facts.error) : otherwise);
  const found: [string, State, string, string][] = [
    ['Journal', journal, `Journal: ${journal.text}`, error(node.journal, 'Events are accepted faster than they are applied.')],
    ['Store', store, `Store: ${store.text}`, error(node.store, 'The outbox was full: some publications were never made.')],
    ['Uplink', uplink, 'The coordinator cannot be reached', error(node.uplink, 'This edge keeps working, and sends its newest state when the link is back.')],
  ];
  return found.filter(([, { tone }]) => tone === 'bad' || tone === 'warn').map(([key, { tone }, title, detail]) => ({ key, tone, title, detail }));
}

const recently = 300_000;  // ms
const isRecent = (time: string | null | undefined, now: number): boolean => Boolean(time) && now - Date.parse(time ?? '') < recently;

export function letterProblems(letters: DeadLetter[], now: number): Problem[] {
  const fresh = letters.filter(({ arrival }) => isRecent(arrival, now));
  if (fresh.length === 0) return [];
  const reasons = [...new Set(fresh.map(({ reason }) => reason))];
  return [{
    key: 'letters', tone: 'warn', title: `${plural(fresh.length, 'dead letter')} in the last five minutes`,
    detail: reasons.join(', '), since: fresh[0]?.arrival, href: link('dead-letters'),
  }];
}

function meterProblems(fn: FunctionMeters, alerts: Alert[], recent: Runs | undefined): Problem[] {
  const state = functionState(fn);
  const href = link('functions');
  if (holdsEvents(fn)) return [heldProblem(fn, alerts.find((alert) => tellsCondition(alert, fn))?.since)];
  if (state.tone === 'bad') return [{ key: fn.name, tone: 'bad', title: `Function ${fn.name}: ${state.text}`, detail: fn.error ?? '', href }];
  const { runs, errors } = recent ?? { runs: 0, errors: 0 };
  if (errors === 0 || errors < runs / 100) return [];
  return [{
    key: fn.name, tone: 'warn', title: `Function ${fn.name} fails`,
    detail: `${number(errors)} of ${plural(runs, 'run')} failed in the last minutes; the events are in the dead letters.`, href,
  }];
}

function heldProblem(fn: FunctionMeters, since: string | undefined): Problem {
  const waiting = fn.held === undefined ? '' : `: ${plural(fn.held, 'event')} ${fn.held === 1 ? 'waits' : 'wait'}`;
  return {
    key: fn.name, tone: 'bad', title: `${fn.name} is ${fn.state ?? ''}${waiting}`,
    detail: fn.error ?? wayOut(fn.name), since, href: link('functions'),
  };
}
