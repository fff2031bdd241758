// What every page needs, polled once for the whole app: who the server is, and at a coordinator its edges and alerts.

import { api } from '../api/client';
import type { Alert, Edge, Listing, NodeInfo } from '../api/types';
import { RateHistory } from './history.svelte';
import { Poll } from './poll.svelte';

const period = 2000;

class Session {
  readonly rates = new RateHistory();
  readonly node = new Poll<NodeInfo>(api.node, period, (node) => this.onNode(node));
  readonly edges = new Poll<Edge[]>(api.edges, period, (edges) => this.onEdges(edges));
  readonly alerts = new Poll<Listing<Alert>>(api.alerts, 2 * period);
  readonly role = $derived(this.node.data?.role);
  private begun = false;

  // Of a name; nothing at an edge. An edge that the coordinator does not list is one that it does not reach.
  edge(name: string | undefined): Edge | undefined {
    if (this.role !== 'coordinator' || name === undefined) return undefined;
    return this.edges.data?.find((edge) => edge.name === name) ?? { name };
  }

  start(): void {
    this.node.start();
  }

  private onNode(node: NodeInfo): void {
    if (node.role === 'edge') this.rates.push(Date.now() / 1000, new Map([[node.name, node.rates?.events_per_second ?? null]]));
    if (this.begun) return;
    this.begun = true;
    this.alerts.start();
    if (node.role === 'coordinator') this.edges.start();
    void this.backfill();
  }

  private onEdges(edges: Edge[]): void {
    // A disconnected edge has no rate now, whatever it had when it was last heard.
    const rates = edges.map((edge) => [edge.name, edge.connected ? edge.events_per_second ?? null : null] as const);
    this.rates.push(Date.now() / 1000, new Map(rates));
  }

  private async backfill(): Promise<void> {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const rows = await api.windows({ level: 'edge', from }).catch(() => undefined);
    // A part of the rows would show too low a rate.
    if (rows && rows.items.length > 0 && rows.next === null) this.rates.backfill(rows.items.filter((row) => row.property === ''));
  }
}

export const session = new Session();
