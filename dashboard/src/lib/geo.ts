// Points on a map: the part of the world that shows them all, and clusters of those that would overlap.

import { geoMercator, type GeoProjection } from 'd3-geo';
import type { LonLat } from '../api/types';
import { worse, type Tone } from './tone';

export interface Place {
  at: LonLat;
  tone: Tone;
  status: string;
}

export interface Cluster {
  key: string;
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

export type Frame = [west: number, south: number, east: number, north: number];

// Without its polar ends.
export const wholeWorld: Frame = [-175, -56, 175, 74];

// Whole degrees, so that the map stands still while things move a little.
export function frameOf(points: LonLat[]): Frame {
  if (points.length === 0) return wholeWorld;
  const [west, east] = widened(points.map(([lon]) => lon), leastSpan);
  const [south, north] = widened(points.map(([, lat]) => lat), leastSpan / 2);
  return [west, clampLat(south), east, clampLat(north)];
}

export function projectionFor([west, south, east, north]: Frame, width: number, height: number): GeoProjection {
  const margin = Math.min(40, width / 10);
  return geoMercator()
    .fitExtent([[margin, margin], [width - margin, height - margin]], { type: 'MultiPoint', coordinates: [[west, south], [east, north]] })
    .clipExtent([[0, 0], [width, height]]);
}

function widened(values: number[], least: number): [number, number] {
  const [low, high] = [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values))];
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
  return [...cells].map(([key, { x, y, tone, statuses, count }]) => ({
    key, x: x / count, y: y / count, count, tone,
    title: [...statuses].map(([status, n]) => `${n} ${status}`).join(', '),
  }));
}
