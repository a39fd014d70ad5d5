// Trees of frames in typed arrays: no object per node, so that millions of nodes are no burden.

/** Collects nodes in any order; a parent comes before its children. Node 0 is the root. */
class TreeBuilder {
  constructor(rootFunction, capacity = 1024) {
    this.count = 0;
    this.capacity = Math.max(16, capacity);
    this.fn = new Uint32Array(this.capacity);
    this.parent = new Uint32Array(this.capacity);
    this.first = new Float64Array(this.capacity);
    this.second = new Float64Array(this.capacity);
    this.slots = null;
    this.push(0, rootFunction);
  }

  /** A new node, even if its parent already has a child with this function. */
  push(parent, fn) {
    if (this.count === this.capacity) this.grow();
    const node = this.count++;
    this.parent[node] = parent;
    this.fn[node] = fn;
    return node;
  }

  /** The child of a node with this function, made if it is not there. */
  child(parent, fn) {
    if (!this.slots || this.count * 2 > this.slots.length) this.rehash();
    const mask = this.slots.length - 1;
    let slot = hashEdge(parent, fn) & mask;
    for (let node; (node = this.slots[slot]) !== 0; slot = (slot + 1) & mask) {
      if (this.parent[node] === parent && this.fn[node] === fn) return node;
    }
    return (this.slots[slot] = this.push(parent, fn));
  }

  add(node, first, second) {
    this.first[node] += first;
    this.second[node] += second;
  }

  grow() {
    this.capacity *= 2;
    for (const column of ["fn", "parent", "first", "second"]) {
      const larger = new this[column].constructor(this.capacity);
      larger.set(this[column]);
      this[column] = larger;
    }
  }

  rehash() {
    let size = 1024;
    while (size < this.count * 4) size *= 2;
    this.slots = new Uint32Array(size);
    for (let node = 1; node < this.count; node++) {
      let slot = hashEdge(this.parent[node], this.fn[node]) & (size - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.slots[slot] = node;
    }
  }

  /** `weigh(first, second)` is the width of a node. */
  finish(weigh) {
    return new Tree(this, weigh);
  }
}

function hashEdge(parent, fn) {
  let hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(fn + 0x7f4a7c15, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * A finished tree in preorder, widest child first: the subtree of a node is `node ..< end[node]`,
 * its first child `node + 1`, and the next sibling of a child `end[child]`.
 */
class Tree {
  constructor(builder, weigh) {
    const count = (this.count = builder.count);
    const total = { first: builder.first, second: builder.second };
    const own = new Float64Array(count);
    for (let node = 0; node < count; node++) own[node] = weigh(total.first[node], total.second[node]);
    for (let node = count - 1; node > 0; node--) {
      total.first[builder.parent[node]] += total.first[node];
      total.second[builder.parent[node]] += total.second[node];
    }
    const weight = new Float64Array(count);
    for (let node = 0; node < count; node++) {
      weight[node] = weigh(total.first[node], total.second[node]);
    }
    const order = preorder(builder, weight);
    const place = new Uint32Array(count);
    for (let index = 0; index < count; index++) place[order[index]] = index;

    this.fn = new Uint32Array(count);
    this.parent = new Uint32Array(count);
    this.depth = new Uint32Array(count);
    this.end = new Uint32Array(count);
    this.weight = new Float64Array(count);
    this.selfWeight = new Float64Array(count);
    this.first = new Float64Array(count);
    this.second = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      const node = order[index];
      const parent = place[builder.parent[node]];
      this.fn[index] = builder.fn[node];
      this.parent[index] = parent;
      this.depth[index] = index === 0 ? 0 : this.depth[parent] + 1;
      this.end[index] = index + 1;
      this.weight[index] = weight[node];
      this.selfWeight[index] = own[node];
      this.first[index] = total.first[node];
      this.second[index] = total.second[node];
    }
    for (let index = count - 1; index > 0; index--) {
      const parent = this.parent[index];
      if (this.end[index] > this.end[parent]) this.end[parent] = this.end[index];
    }
  }

  /** What ends in the node itself, in the column `first` or `second`. */
  self(node, column) {
    let rest = this[column][node];
    for (let child = node + 1; child < this.end[node]; child = this.end[child]) {
      rest -= this[column][child];
    }
    return Math.max(0, rest);
  }

  /** Nodes from the root to a node, both included. */
  path(node) {
    const path = [node];
    while (node !== 0) path.push((node = this.parent[node]));
    return path.reverse();
  }

  /** The node at the end of a path of functions below the root, or as much of it as exists. */
  follow(functions) {
    let node = 0;
    for (const fn of functions) {
      let child = node + 1;
      while (child < this.end[node] && this.fn[child] !== fn) child = this.end[child];
      if (child >= this.end[node]) return node;
      node = child;
    }
    return node;
  }

  /** Weight under a node of the frames that match, each stack counted once. */
  matchedWeight(matches, node = 0) {
    let weight = 0;
    for (let at = node; at < this.end[node]; ) {
      if (matches[this.fn[at]]) {
        weight += this.weight[at];
        at = this.end[at];
      } else {
        at++;
      }
    }
    return weight;
  }
}

/** Node numbers of a builder, parents first, then the children by falling weight. */
function preorder(builder, weight) {
  const count = builder.count;
  const starts = new Uint32Array(count + 1);
  for (let node = 1; node < count; node++) starts[builder.parent[node] + 1]++;
  for (let node = 0; node < count; node++) starts[node + 1] += starts[node];
  const children = new Uint32Array(Math.max(0, count - 1));
  const next = starts.slice();
  for (let node = 1; node < count; node++) children[next[builder.parent[node]]++] = node;
  const heavierFirst = (a, b) => weight[b] - weight[a] || builder.fn[a] - builder.fn[b] || a - b;

  const order = new Uint32Array(count);
  const waiting = new Uint32Array(count);
  let waitingCount = 1;
  for (let index = 0; index < count; index++) {
    const node = (order[index] = waiting[--waitingCount]);
    const from = starts[node];
    const to = starts[node + 1];
    if (to - from > 1) children.subarray(from, to).sort(heavierFirst);
    for (let child = to; child > from; ) waiting[waitingCount++] = children[--child];
  }
  return order;
}
