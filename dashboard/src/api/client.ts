// The only module that knows the server's paths. Pages ask it for values and get types or an ApiError.

import type {
  Alert, DeadLetter, Edge, FunctionMeters, NodeInfo, Twin, TwinPage, WindowRow,
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

async function items<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T[]> {
  return (await get<{ items?: T[] }>(path, query, signal)).items ?? [];
}

export interface TwinQuery {
  limit?: number;
  after?: string | null;
  prefix?: string;
  edge?: string;
}

export interface WindowQuery {
  level: string;
  window?: string;
  property?: string;
  name?: string;
  from?: string;
  to?: string;
}

export const api = {
  node: (signal?: AbortSignal) => get<NodeInfo>('/node', {}, signal),
  twins: (query: TwinQuery, signal?: AbortSignal) => get<TwinPage>('/twins', { ...query }, signal),
  twin: (id: string, signal?: AbortSignal) => get<Twin>(`/twins/${encodeURIComponent(id)}`, {}, signal),
  windows: (query: WindowQuery, signal?: AbortSignal) => items<WindowRow>('/aggregates', { ...query }, signal),
  functions: (signal?: AbortSignal) => items<FunctionMeters>('/functions', {}, signal),
  deadLetters: (signal?: AbortSignal) => items<DeadLetter>('/dead-letters', {}, signal),
  edges: (signal?: AbortSignal) => items<Edge>('/fleet/edges', {}, signal),
  alerts: (signal?: AbortSignal) => items<Alert>('/alerts', {}, signal),
};
