// The world's coast lines (Natural Earth 1:110 million), read once from this server.

import worldUrl from 'world-atlas/land-110m.json?url';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import type { GeoPermissibleObjects } from 'd3-geo';

let land: Promise<GeoPermissibleObjects> | undefined;

export function worldLand(): Promise<GeoPermissibleObjects> {
  land ??= fetch(worldUrl).then((response) => response.json() as Promise<Topology>)
    .then((topology) => feature(topology, topology.objects.land as GeometryCollection));
  return land;
}
