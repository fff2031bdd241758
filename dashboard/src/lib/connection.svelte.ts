// Whether the server answers, as the last request found.

import type { ApiError } from '../api/client';

class Connection {
  lostSince = $state<number>();
  needsToken = $state(false);

  reached(): void {
    this.lostSince = undefined;
    this.needsToken = false;
  }

  failed(error: ApiError): void {
    if (error.unreachable) this.lostSince ??= Date.now();
    if (error.status === 401) this.needsToken = true;
  }
}

export const connection = new Connection();
