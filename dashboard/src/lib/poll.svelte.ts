// A value that is asked for again and again while its component is on a visible page.

import { ApiError } from '../api/client';
import { connection } from './connection.svelte';

type Ask<T> = (signal: AbortSignal) => Promise<T>;

export class Poll<T> {
  data = $state.raw<T>();
  error = $state.raw<ApiError>();

  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | undefined;
  private stopped = true;

  constructor(private ask: Ask<T>, private readonly interval: number, private readonly arrived?: (data: T) => void) {}

  start(): void {
    this.stopped = false;
    document.addEventListener('visibilitychange', this.onVisibility);
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    document.removeEventListener('visibilitychange', this.onVisibility);
    clearTimeout(this.timer);
    this.request?.abort();
  }

  // Asks now; an answer still under way is dropped.
  again(): void {
    clearTimeout(this.timer);
    this.request?.abort();
    if (!this.stopped) void this.run();
  }

  private onVisibility = (): void => {
    if (!document.hidden) this.again();
  };

  private async run(): Promise<void> {
    const request = new AbortController();
    this.request = request;
    try {
      const data = await this.ask(request.signal);
      if (request.signal.aborted) return;
      this.data = data;
      this.error = undefined;
      connection.reached();
      this.arrived?.(data);
    } catch (error) {
      if (request.signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError(-1, 'The answer could not be read', String(error));
      connection.failed(this.error);
    }
    if (!this.stopped && !document.hidden) this.timer = setTimeout(() => void this.run(), this.interval);
  }
}

// For use while a component is set up: polls from its mount to its end.
export function poll<T>(ask: Ask<T>, interval: number, arrived?: (data: T) => void): Poll<T> {
  const source = new Poll(ask, interval, arrived);
  $effect(() => {
    source.start();
    return () => source.stop();
  });
  return source;
}
