// Numbers and times as text. One fixed locale: columns of numbers must line up the same way everywhere.

import type { Json } from '../api/types';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const large = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

export const unknown = '–';

type Maybe<T> = T | null | undefined;

export function number(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) || Math.abs(value) >= 1e6) return whole.format(value);
  if (Math.abs(value) >= 1000) return large.format(value);
  return Math.abs(value) < 1e-4 ? value.toExponential(2) : precise.format(value);
}

export function short(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  return Math.abs(value) < 10_000 ? number(Math.abs(value) < 100 ? value : Math.round(value)) : compact.format(value);
}

export function rate(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  return value >= 100 || value === 0 ? whole.format(value) : value.toFixed(1);
}

export function bytes(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? whole.format(size) : size.toFixed(1)} ${units[unit]}`;
}

export function micros(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  if (value < 1000) return `${value < 10 ? value.toFixed(1) : whole.format(value)} µs`;
  return value < 1e6 ? `${(value / 1000).toFixed(value < 1e4 ? 1 : 0)} ms` : `${(value / 1e6).toFixed(1)} s`;
}

// A time that is the upper border of its bucket in a histogram; 0 is that of no run at all.
export function atMost(us: Maybe<number>): string {
  if (!us) return unknown;
  const [size, unit] = us < 1000 ? [us, 'µs'] : us < 1e6 ? [us / 1000, 'ms'] : [us / 1e6, 's'];
  return `≤ ${number(size)} ${unit}`;
}

export function duration(seconds: Maybe<number>): string {
  if (seconds === null || seconds === undefined) return unknown;
  if (seconds < 1) return seconds <= 0 ? '0 s' : `${Math.max(1, Math.round(seconds * 1000))} ms`;
  const s = Math.floor(seconds);
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 129_600) return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.round((s % 86_400) / 3600)} h`;
}

export function ago(time: Maybe<string>, now: number): string {
  if (!time) return 'never';
  const seconds = (now - Date.parse(time)) / 1000;
  if (Number.isNaN(seconds)) return unknown;
  return seconds < 1 ? 'now' : `${duration(seconds)} ago`;
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayTime = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });

// The time of day; with the date when that is not today.
export function when(time: Maybe<string>, now: number): string {
  if (!time) return unknown;
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return date.toDateString() === new Date(now).toDateString() ? clockTime.format(date) : dayTime.format(date);
}

export function value(v: Json | undefined): string {
  if (v === undefined || v === null) return unknown;
  if (typeof v === 'number') return number(v);
  return typeof v === 'string' ? v : JSON.stringify(v);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole.format(count)} ${count === 1 ? one : many}`;
}

export function version(text: Maybe<string>): string {
  return text || unknown;
}

// A hash or a random name by its first digits, which tell it from others; other words as they are.
export function digits(text: Maybe<string>): string {
  return /^([0-9a-f]{32}){1,2}$/.test(text ?? '') ? (text as string).slice(0, 8) : (text ?? '');
}

// The first line of a text, and what follows it (a backtrace).
export function headAndRest(text: string): [head: string, rest: string] {
  const end = text.indexOf('\n');
  return end < 0 ? [text, ''] : [text.slice(0, end).trimEnd(), text.slice(end + 1).trimEnd()];
}

// A field of a status object, by the unit that its name ends in.
export function fact(name: string, v: Json): string {
  if (typeof v === 'boolean') return v ? 'yes' : 'no';
  if (typeof v === 'string') return digits(v);
  if (typeof v !== 'number') return value(v);
  if (/(^|_|\.)bytes(_|$)/.test(name)) return bytes(v);
  if (name.endsWith('_seconds') || name.endsWith('_s')) return duration(v);
  if (name.endsWith('_us')) return micros(v);
  if (name.endsWith('_ms')) return micros(v * 1000);
  return number(v);
}

export function factLabel(name: string): string {
  if (name === 'bytes') return 'Size';
  const plain = name.replace(/^bytes_|_(bytes|seconds|us|ms|total|s)$/, '').replaceAll('_', ' ').replaceAll('.', ' · ');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
