// Exponential histograms of scale 2: bucket i holds the values above 2^(i/4) and up to 2^((i+1)/4).

/** The bucket of 1 is −1, so this one is free for the values of 0. */
const ZERO_BUCKET = -2;

const lowerBound = (bucket) => (bucket === ZERO_BUCKET ? 0 : 2 ** (bucket / 4));
const upperBound = (bucket) => (bucket === ZERO_BUCKET ? 0 : 2 ** ((bucket + 1) / 4));

/** Logarithms round; the bounds at the powers of two, the only whole ones, are exact. */
function bucketOf(value) {
  if (!(value > 0)) return ZERO_BUCKET;
  let bucket = Math.ceil(Math.log2(value) * 4) - 1;
  while (value > upperBound(bucket)) bucket++;
  while (value <= lowerBound(bucket)) bucket--;
  return bucket;
}

function bucketLabel(bucket, unit) {
  if (bucket === ZERO_BUCKET) return "0";
  return `${formatValue(lowerBound(bucket), unit)} – ${formatValue(upperBound(bucket), unit)}`;
}

class Histogram {
  constructor({ zero = 0, first = 0, counts = [] } = {}) {
    Object.assign(this, { zero, first, counts });
    this.total = counts.reduce((sum, count) => sum + count, zero);
    this.largest = counts.reduce((most, count) => Math.max(most, count), zero);
  }

  count(bucket) {
    return bucket === ZERO_BUCKET ? this.zero : this.counts[bucket - this.first] ?? 0;
  }

  /** The lowest bucket with a value; null where there is none. */
  get lowest() {
    if (this.total === 0) return null;
    return this.zero > 0 ? ZERO_BUCKET : this.first + this.counts.findIndex((count) => count > 0);
  }

  get highest() {
    if (this.total === 0) return null;
    const last = this.counts.findLastIndex((count) => count > 0);
    return last < 0 ? ZERO_BUCKET : this.first + last;
  }

  /**
   * The bucket of the value at a rank, of 0 to 1, and the part of its values up to there; null where
   * there is none.
   */
  place(rank) {
    if (this.total === 0) return null;
    let left = Math.max(1, Math.ceil(this.total * rank));
    if (left <= this.zero) return { bucket: ZERO_BUCKET, part: 1 };
    left -= this.zero;
    for (let index = 0; index < this.counts.length; index++) {
      const count = this.counts[index];
      if (left <= count) return { bucket: this.first + index, part: left / count };
      left -= count;
    }
    return { bucket: this.highest, part: 1 };
  }

  quantileBucket(rank) {
    return this.place(rank)?.bucket ?? null;
  }
}

/** What was measured of one thing in one process. */
class LatencyRow {
  constructor(fields, index, intervals) {
    this.index = index;
    this.name = printable(fields.name) || "[unnamed]";
    this.process = printable(fields.process);
    this.pid = fields.pid;
    this.unit = printable(fields.unit);
    this.count = fields.count;
    this.maximum = fields.maximum;
    this.failures = fields.failures.map(({ name, count }) => ({ name: printable(name), count }));
    this.errors = this.failures.reduce((sum, { count }) => sum + count, 0);
    this.histogram = new Histogram(fields.histogram);
    this.overTime = new Array(intervals).fill(null);
    for (const one of fields.over_time) this.overTime[one.at] = new Histogram(one);
    this.exemplars = { start: fields.exemplars, count: fields.exemplar_count };
  }

  get owner() {
    const process = this.process || "[unknown process]";
    return this.pid ? `${process} ${this.pid}` : process;
  }

  /**
   * Between the bounds of the bucket by rank, as `wick latency` prints it; none was larger than the
   * maximum.
   */
  quantile(rank) {
    const place = this.histogram.place(rank);
    if (place === null) return null;
    const lower = lowerBound(place.bucket);
    const value = lower + (upperBound(place.bucket) - lower) * place.part;
    return this.maximum > 0 ? Math.min(value, this.maximum) : value;
  }

  /** The largest value, or the bound of its bucket where only that is known. */
  get slowest() {
    return this.maximum > 0 ? this.maximum : this.quantile(1);
  }
}

/** Round values between two bounds for the marks of a logarithmic axis, at most `most`. */
function axisValues(from, to, unit, most) {
  const bases = unit === "bytes"
    ? [[1, 2], [1, 4], [1, 16], [1, 32], [1, 1024], [1, 2 ** 20]] : [[1, 10], [1, 100], [1, 1000], [1, 1e6]];
  const fine = unit === "bytes" ? [] : [[1, 10, [1, 2, 5]], [1, 10, [1, 3]]];
  for (const [start, step, factors = [1]] of [...fine, ...bases]) {
    const values = [];
    for (let base = start; base <= to && values.length <= most; base *= step) {
      for (const factor of factors) {
        if (base * factor >= from && base * factor <= to) values.push(base * factor);
      }
    }
    if (values.length <= most) return values;
  }
  return [];
}
