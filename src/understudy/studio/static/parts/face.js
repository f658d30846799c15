// A face's 68 points as a thing to take hold of: where they lie, and what a drag makes of them.

export const HANDLE_PX = 9;
const OUTLINES = [[0, 16], [17, 21], [22, 26], [27, 30], [31, 35], [36, 41, 36], [42, 47, 42], [48, 59, 48], [60, 67, 60]];

export function bounds(points) {
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const pad = 0.08 * Math.max(right - left, bottom - top);
  return { left: left - pad, top: top - pad, right: right + pad, bottom: bottom + pad };
}

export function middle(points) {
  const { left, top, right, bottom } = bounds(points);
  return [(left + right) / 2, (top + bottom) / 2];
}

// What lies under a place: { what: "point" | "turn" | "scale" | "face", n }, or null. `near` in frame pixels.
export function under(points, [x, y], near, wantsPoints) {
  if (wantsPoints) {
    let best = null;
    points.forEach(([px, py], n) => {
      const d = Math.hypot(px - x, py - y);
      if (d < near && (!best || d < best.d)) best = { what: "point", n, d };
    });
    if (best) return best;
  }
  const { left, top, right, bottom } = bounds(points);
  if (!wantsPoints) {
    if (Math.hypot((left + right) / 2 - x, top - 3 * near - y) < 1.5 * near) return { what: "turn" };
    for (const [cx, cy] of [[left, top], [right, top], [left, bottom], [right, bottom]]) {
      if (Math.hypot(cx - x, cy - y) < 1.5 * near) return { what: "scale" };
    }
  }
  return x > left && x < right && y > top && y < bottom ? { what: "face" } : null;
}

export function dragged(points, hold, from, to, chosen) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const [cx, cy] = middle(points);
  if (hold.what === "face") return points.map(([x, y]) => [x + dx, y + dy]);
  if (hold.what === "point") {
    const some = chosen.has(hold.n) ? chosen : new Set([hold.n]);
    return points.map(([x, y], n) => (some.has(n) ? [x + dx, y + dy] : [x, y]));
  }
  const angle = hold.what === "turn" ? Math.atan2(to[1] - cy, to[0] - cx) - Math.atan2(from[1] - cy, from[0] - cx) : 0;
  const size = hold.what === "scale" ? Math.max(0.05, Math.hypot(to[0] - cx, to[1] - cy) / Math.max(1, Math.hypot(from[0] - cx, from[1] - cy))) : 1;
  const [c, s] = [Math.cos(angle) * size, Math.sin(angle) * size];
  return points.map(([x, y]) => [cx + c * (x - cx) - s * (y - cy), cy + s * (x - cx) + c * (y - cy)]);
}

export function inside(line, [x, y]) {
  let odd = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
    const [[ax, ay], [bx, by]] = [line[i], line[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

// Draws it into a canvas whose units are frame pixels, `px` of which are one of the screen.
export function draw(pen, points, px, { on, tool, chosen, stale }) {
  pen.lineWidth = 1.5 * px;
  pen.strokeStyle = stale ? "#e9b25c" : on ? "#58c3b8" : "#cfd8dc";
  const path = new Path2D();
  for (const [first, last, close] of OUTLINES) {
    path.moveTo(...points[first]);
    for (let n = first + 1; n <= last; n += 1) path.lineTo(...points[n]);
    if (close !== undefined) path.lineTo(...points[close]);
  }
  pen.stroke(path);
  if (!on) return;
  if (tool === "points") {
    points.forEach(([x, y], n) => {
      pen.fillStyle = chosen.has(n) ? "#ffd54f" : "#ffffff";
      pen.fillRect(x - 2 * px, y - 2 * px, 4 * px, 4 * px);
    });
    return;
  }
  const { left, top, right, bottom } = bounds(points);
  pen.setLineDash([5 * px, 4 * px]);
  pen.strokeRect(left, top, right - left, bottom - top);
  pen.setLineDash([]);
  pen.fillStyle = "#ffffff";
  const half = (HANDLE_PX / 2) * px;
  for (const [x, y] of [[left, top], [right, top], [left, bottom], [right, bottom]]) pen.fillRect(x - half, y - half, 2 * half, 2 * half);
  pen.beginPath();
  pen.arc((left + right) / 2, top - 3 * HANDLE_PX * px, half, 0, 7);
  pen.fill();
}
