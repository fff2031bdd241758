// What the HTTP API answers, as the pages use it. Everything a server may leave out is optional: a page that lacks a
// number says so instead of showing zero.

export type Role = 'edge' | 'coordinator';
export type Scalar = string | number | boolean | null;
export type Json = Scalar | Json[] | { [key: string]: Json };
export type Facts = Record<string, Json>;
export type LonLat = [number, number];

export interface NodeInfo {
  role: Role;
  name: string;
  version: string;
  uptime_seconds?: number;
  counters?: Facts;
  rates?: { events_per_second?: number };
  journal?: Facts;
  store?: Facts;
  uplink?: Facts | null;  // null: none is configured
  mqtt?: MqttSource[];  // of an edge
}

export interface MqttSource {
  name: string;
  url: string;
  connected: boolean;
  state?: string;  // 'disconnected', 'subscribing', 'refused', 'lower_qos', 'subscribed'
  since: string;
  messages: number;
  last_error: string | null;
}

export interface Property {
  v: Json;
  ts?: string;
  rev?: number;
  fresh?: boolean;
  desired?: Json;
  pending_since?: string | null;
}

export interface Twin {
  id: string;
  model?: string | null;
  rev: number;
  events: number;
  status?: string;
  last_seen?: string | null;
  labels?: Record<string, string>;
  geo?: LonLat | null;
  edge?: string;
  properties: Record<string, Property>;
}

export interface TwinChange {
  id: string;
  edge?: string;
  rev: number;
  events?: number;
  last_seen?: string | null;
  properties?: Record<string, Partial<Property>>;  // reported anew (with ts), or only desired
  removed?: string[];  // properties whose reported value is gone
  omitted?: number;  // properties left out of a change that was too large
}

// A page of a list: `next` is the cursor of the page after it.
export interface Listing<T> {
  items: T[];
  next: string | null;
}

export interface WindowRow {
  window: string;
  start: string;
  end: string;
  level: string;
  name: string;
  group: string;
  property: string;
  count?: number;
  mean?: number;
  stddev?: number;
  sum?: number;
  min?: number;
  max?: number;
  first?: number;
  last?: number;
  p50?: number;
  p95?: number;
  p99?: number;
  events?: number;
  twins?: number;
}

export interface EdgeFunction {
  name: string;
  version?: string;
  origin?: string;
  state?: string;
  error?: string | null;
}

export interface Edge {
  name: string;
  region?: string;
  connected?: boolean | null;
  lag_seconds?: number | null;
  last_seen?: string | null;
  version?: string | null;
  functions?: EdgeFunction[];
  twins?: number | null;
  events_per_second?: number | null;
  geo?: LonLat | null;
  alerts?: number | null;
  dead_letters?: number | null;  // that it keeps
  newest_dead_letter?: string | null;
}

export interface Alert {
  edge?: string;
  twin: string;
  alert: string;
  value?: Json;
  since?: string;
}

export interface FunctionMeters {
  name: string;
  version?: string;
  version_sha256?: string;
  origin?: string;
  active_since_position?: number;
  runs?: number;
  events?: number;
  errors?: number;
  held?: number;  // events that wait while it is quarantined or unavailable
  fuel?: number;
  start_us_p50?: number;  // all four: upper borders of buckets, each twice the one before; 0 without runs
  start_us_p99?: number;
  run_us_p50?: number;
  run_us_p99?: number;
  state?: string;
  error?: string | null;
}

// A coordinator's wish: where the function shall run, and how far that has come.
export interface FleetFunction {
  name: string;
  version?: string;
  edges?: string;  // the selector
  selected?: number;
  active?: number;
}

export interface DeadLetter {
  number?: number;  // counts dead letters, never reused
  position?: number;
  arrival?: string;
  reason: string;
  detail?: string;
  function?: string | null;
  version?: string | null;
  twin?: string | null;
  topic?: string;
  retry?: string;  // what a retry would run again: 'message', 'event'; 'no': it cannot be retried
  payload?: Json;
}
