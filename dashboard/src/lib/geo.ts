// Points on a map: the projection that shows them all, and clusters of those that would overlap.

import { geoMercator, type GeoProjection } from 'd3-geo';
import type { LonLat } from '../api/types';
import { worse, type Tone } from './tone';

export interface Place {
  at: LonLat;
  tone: Tone;
  status: string;
}

export interface Cluster {
  x: number;
  y: number;
  count: number;
  tone: Tone;
  title: string;
}

export function isPlace(geo: unknown): geo is LonLat {
  return Array.isArray(geo) && geo.length === 2 && geo.every(Number.isFinite) && Math.abs(geo[0]) <= 180 && Math.abs(geo[1]) <= 90;
}

const leastSpan = 16;  // degrees; below it the coast line has no detail left to show

// The world without its polar ends, or the part that holds the points.
export function projectionFor(points: LonLat[], width: number, height: number, world: boolean): GeoProjection {
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  const whole = world || points.length === 0;
  const [west, east] = whole ? [-175, 175] : widened(Math.min(...lons), Math.max(...lons), leastSpan);
  const [south, north] = whole ? [-56, 74] : widened(Math.min(...lats), Math.max(...lats), leastSpan / 2);
  const corners: LonLat[] = [[west, clampLat(south)], [east, clampLat(north)]];
  const margin = whole ? 4 : Math.min(48, width / 8);
  return geoMercator()
    .fitExtent([[margin, margin], [width - margin, height - margin]], { type: 'MultiPoint', coordinates: corners })
    .clipExtent([[0, 0], [width, height]]);
}

function widened(low: number, high: number, least: number): [number, number] {
  const extra = Math.max(0, least - (high - low)) / 2;
  return [low - extra, high + extra];
}

function clampLat(lat: number): number {
  return Math.max(-80, Math.min(80, lat));
}

const cell = 16;  // pixels

export function clusters(places: Place[], projection: GeoProjection): Cluster[] {
  const cells = new Map<string, { x: number; y: number; tone: Tone; statuses: Map<string, number>; count: number }>();
  for (const place of places) {
    const point = projection(place.at);
    if (!point) continue;
    const key = `${Math.round(point[0] / cell)} ${Math.round(point[1] / cell)}`;
    const found = cells.get(key) ?? { x: 0, y: 0, tone: place.tone, statuses: new Map<string, number>(), count: 0 };
    found.x += point[0];
    found.y += point[1];
    found.count += 1;
    found.tone = worse(found.tone, place.tone);
    found.statuses.set(place.status, (found.statuses.get(place.status) ?? 0) + 1);
    cells.set(key, found);
  }
  return [...cells.values()].map(({ x, y, tone, statuses, count }) => ({
    x: x / count, y: y / count, count, tone,
    title: [...statuses].map(([status, n]) => `${n} ${status}`).join(', '),
  }));
}
