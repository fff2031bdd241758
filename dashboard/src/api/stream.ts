// Server-sent events over fetch: unlike EventSource it can send an Authorization header, and it says when it is cut.
// Reconnects after 1 to 10 s, resuming after the last event id; also when the server was silent for three of its heartbeats.

import { address, authorization } from './client';
import type { TwinChange } from './types';

const longestSilence = 45_000;

export interface StreamHandlers {
  change(change: TwinChange): void;
  // The feed begins here, or events were dropped for this slow reader: what is shown must be read again.
  resync(): void;
  state(connected: boolean): void;
}

interface Frame {
  event: string;
  data: string;
  id: string | null;
}

// Splits a text stream into event frames (WHATWG HTML, 9.2.6), without comments and retry lines.
export class FrameParser {
  private rest = '';

  push(chunk: string): Frame[] {
    const text = this.rest + chunk.replaceAll('\r\n', '\n');
    const blocks = text.split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.map(parse);
  }
}

function parse(block: string): Frame {
  const frame: Frame = { event: 'message', data: '', id: null };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') frame.event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') frame.id = value;
  }
  frame.data = data.join('\n');
  return frame;
}

// Returns the function that ends the stream.
export function watchTwin(id: string, edge: string | undefined, handlers: StreamHandlers): () => void {
  const stop = new AbortController();
  let lastId: string | null = null;
  let delay = 1000;

  async function readOnce(): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream', ...authorization() };
    if (lastId !== null) headers['Last-Event-ID'] = lastId;
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), longestSilence);
    const signal = AbortSignal.any([stop.signal, silent.signal]);
    const response = await fetch(address('/stream', { twin: id, edge }), { headers, signal, cache: 'no-store' });
    if (!response.ok || !response.body) throw new Error(`stream answered ${response.status}`);
    handlers.state(true);
    delay = 1000;
    const parser = new FrameParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      timer = setTimeout(() => silent.abort(), longestSilence);
      for (const frame of parser.push(value)) {
        if (frame.id !== null) lastId = frame.id;
        if (frame.event === 'change') handlers.change(JSON.parse(frame.data) as TwinChange);
        else if (frame.event === 'gap' || frame.event === 'open') handlers.resync();
      }
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await readOnce().catch(() => undefined);
      if (stop.signal.aborted) return;
      handlers.state(false);
      await new Promise((resolve) => setTimeout(resolve, delay));
      delay = Math.min(delay * 2, 10_000);
    }
  }
  void run();
  return () => stop.abort();
}
