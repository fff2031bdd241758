// The only module that knows the server's paths. Pages ask it for values and get types or an ApiError.

import type {
  Alert, DeadLetter, Edge, FleetFunction, FunctionMeters, Listing, NodeInfo, Twin, WindowRow,
} from './types';

const base = '/api/v1';
const tokenKey = 'doppel-token';

// status 0: the server was not reached at all.
export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly detail = '') {
    super(message);
  }
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

// The token of a server that listens beyond loopback; kept for this tab only.
export const token = {
  get: (): string | null => sessionStorage.getItem(tokenKey),
  set: (value: string): void => sessionStorage.setItem(tokenKey, value),
};

export function authorization(): Record<string, string> {
  const value = token.get();
  return value ? { Authorization: `Bearer ${value}` } : {};
}

type Query = Record<string, string | number | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(key, String(value));
  }
  const text = search.toString();
  return base + path + (text ? `?${text}` : '');
}

async function failure(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => ({})) as { title?: string; detail?: string };
  return new ApiError(response.status, body.title ?? `The server answered ${response.status}`, body.detail);
}

async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address(path, query), { headers: { Accept: 'application/json', ...authorization() }, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer');
  }
  if (!response.ok) throw await failure(response);
  return response.json() as Promise<T>;
}

const mostItems = 1000;  // the largest page that the server gives
const mostPages = 10;

async function list<T>(path: string, query?: Query, signal?: AbortSignal): Promise<Listing<T>> {
  const { items, next } = await get<Partial<Listing<T>>>(path, query, signal);
  return { items: items ?? [], next: next ?? null };
}

// All pages of a list, up to a limit: `next` tells that there were more.
async function pages<T>(path: string, query: Query, signal?: AbortSignal): Promise<Listing<T>> {
  let page = await list<T>(path, { ...query, limit: mostItems }, signal);
  const items = page.items;
  for (let i = 1; page.next !== null && i < mostPages; i += 1) {
    page = await list<T>(path, { ...query, limit: mostItems, after: page.next }, signal);
    items.push(...page.items);
  }
  return { items, next: page.next };
}

export interface TwinQuery {
  limit?: number;
  after?: string | null;
  prefix?: string;
  edge?: string;
}

export interface WindowQuery {
  level: string;
  edge?: string;
  window?: string;
  property?: string;
  from?: string;
}

export const api = {
  node: (signal?: AbortSignal) => get<NodeInfo>('/node', {}, signal),
  twins: (query: TwinQuery, signal?: AbortSignal) => list<Twin>('/twins', { ...query }, signal),
  // At a coordinator two edges may have a twin of one id.
  twin: (id: string, edge?: string, signal?: AbortSignal) => get<Twin>(`/twins/${encodeURIComponent(id)}`, { edge }, signal),
  windows: (query: WindowQuery, signal?: AbortSignal) => pages<WindowRow>('/aggregates', { ...query }, signal),
  fleetFunctions: async (signal?: AbortSignal) => (await list<FleetFunction>('/functions', {}, signal)).items,
  functions: async (signal?: AbortSignal) => (await list<FunctionMeters>('/functions', {}, signal)).items,
  deadLetters: (after: string | null, signal?: AbortSignal) => list<DeadLetter>('/dead-letters', { limit: 200, after }, signal),
  edges: async (signal?: AbortSignal) => (await list<Edge>('/edges', {}, signal)).items,
  alerts: (signal?: AbortSignal) => list<Alert>('/alerts', { limit: mostItems }, signal),
};
