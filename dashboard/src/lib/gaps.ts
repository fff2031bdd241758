// Where a line is not a line: times without a value, and values without a neighbour.

type Column = ArrayLike<number | null | undefined>;

const known = (v: number | null | undefined): boolean => v !== null && v !== undefined;

// The indexes of values that no line reaches.
export function lonePoints(column: Column): number[] {
  return Array.from(column, (v, i) => (known(v) && !known(column[i - 1]) && !known(column[i + 1]) ? i : -1)).filter((i) => i >= 0);
}

// With an empty item where the next one begins later than the one before it lasts.
export function withGaps<T>(items: T[], times: (item: T) => { start: number; end: number }, empty: (time: number) => T): T[] {
  return items.flatMap((item, i) => {
    const next = items[i + 1];
    const { end } = times(item);
    return next !== undefined && times(next).start > end ? [item, empty(end)] : [item];
  });
}
