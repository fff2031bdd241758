// The dead letters, newest first. The server lists them oldest first: all are read once, then only what came after.

import { api } from '../api/client';
import type { DeadLetter } from '../api/types';

export class DeadLetterReader {
  private readonly known = new Map<string, DeadLetter>();
  private cursor: string | null = null;

  read = async (signal: AbortSignal): Promise<DeadLetter[]> => {
    for (;;) {
      const page = await api.deadLetters(this.cursor, signal);
      for (const letter of page.items) this.known.set(keyOf(letter), letter);
      if (page.next === null) return [...this.known.values()].reverse();
      this.cursor = page.next;
    }
  };
}

export function keyOf(letter: DeadLetter): string {
  return String(letter.number ?? [letter.position, letter.function, letter.twin, letter.reason].join(' '));
}
