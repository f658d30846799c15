// A grid of any number of faces: only those in view are elements, and pictures come by the sheet.
import { part } from "/static/api.js";

const CHUNK = 60; // faces a sheet
const KEPT = 60; // sheets
const DRAG_PX = 6;

export default {
  // `ids`: of the faces in order; `chosen`: a Set of ids; `marks`: id to { out, stale, title }.
  props: { base: String, ids: Array, chosen: Set, at: Number, px: { type: Number, default: 96 }, out: Set, stamp: Number },
  emits: ["choose", "lasso", "open", "first"],
  template: `
    <div class="grid fill" ref="box" tabindex="0" role="grid" aria-multiselectable="true" :aria-rowcount="rows" @scroll="look" @pointerdown="down" @dblclick="$emit('open')">
      <div :style="{ height: rows * side + 'px', position: 'relative' }">
        <div v-for="tile in tiles" :key="tile.n" class="tile" role="gridcell" :aria-selected="tile.chosen" :data-face="tile.id" :data-n="tile.n" :class="{ chosen: tile.chosen, out: tile.out, at: tile.n === at }"
             :style="{ transform: 'translate(' + tile.x + 'px,' + tile.y + 'px)', width: px + 'px', height: px + 'px', backgroundImage: tile.image, backgroundPosition: tile.where, backgroundSize: tile.size }"></div>
        <svg v-if="line.length" class="lasso" :style="{ height: rows * side + 'px' }"><polygon :points="line.map(p => p.join()).join(' ')" /></svg>
      </div>
    </div>`,
  data: () => ({ top: 0, width: 800, height: 600, sheets: {}, line: [] }),
  computed: {
    side() {
      return this.px + 6;
    },
    across() {
      return Math.max(1, Math.floor((this.width - 12) / this.side));
    },
    rows() {
      return Math.ceil(this.ids.length / this.across);
    },
    span() {
      const first = Math.max(0, Math.floor(this.top / this.side) - 1) * this.across;
      return [first, Math.min(this.ids.length, first + (Math.ceil(this.height / this.side) + 3) * this.across)];
    },
    tiles() {
      const found = [];
      void this.stamp;
      for (let n = this.span[0]; n < this.span[1]; n += 1) {
        const id = this.ids[n];
        const sheet = this.sheets[Math.floor(n / CHUNK)];
        const inside = n % CHUNK;
        const known = sheet?.url && sheet.ids[inside] === id;
        found.push({
          n, id, chosen: this.chosen.has(id), out: this.out.has(id),
          x: (n % this.across) * this.side, y: Math.floor(n / this.across) * this.side,
          image: known ? `url(${sheet.url})` : "none",
          size: known ? `${sheet.across * this.px}px auto` : "auto",
          where: known ? `${-(inside % sheet.across) * this.px}px ${-Math.floor(inside / sheet.across) * this.px}px` : "0 0",
        });
      }
      return found;
    },
  },
  watch: {
    ids: "renew",
    px: "renew",
    span: "fetch",
    at: "follow",
  },
  mounted() {
    this.sizes = new ResizeObserver(this.look);
    this.sizes.observe(this.$refs.box);
    this.look();
    this.fetch();
  },
  unmounted() {
    this.sizes.disconnect();
    this.renew(false);
  },
  methods: {
    look() {
      const box = this.$refs.box;
      [this.top, this.width, this.height] = [box.scrollTop, box.clientWidth, box.clientHeight];
    },
    renew(again = true) {
      for (const sheet of Object.values(this.sheets)) if (sheet.url) URL.revokeObjectURL(sheet.url);
      this.sheets = {};
      if (again) this.$nextTick(this.fetch);
    },
    fetch() {
      // A short rest first: who scrolls past ten thousand faces wants none of them.
      clearTimeout(this.rest);
      this.rest = setTimeout(this.fetchNow, this.given ? 60 : 0);
    },
    fetchNow() {
      const [first, end] = this.span;
      for (let n = Math.floor(first / CHUNK); n * CHUNK < end; n += 1) {
        const ids = this.ids.slice(n * CHUNK, (n + 1) * CHUNK);
        if (ids.length && !this.sheets[n]) this.get(n, ids);
      }
      const numbers = Object.keys(this.sheets).map(Number);
      const middle = (first + end) / 2 / CHUNK;
      for (const n of numbers.sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle)).slice(0, Math.max(0, numbers.length - KEPT))) {
        if (this.sheets[n].url) URL.revokeObjectURL(this.sheets[n].url);
        delete this.sheets[n];
      }
    },
    async get(n, ids) {
      const mine = (this.asked = (this.asked || 0) + 1);
      this.sheets[n] = { ids, mine };
      try {
        const answer = await fetch(`${this.base}.jpg?px=${this.px}&ids=${part(ids.join())}`);
        if (!answer.ok) throw new Error(String(answer.status));
        const url = URL.createObjectURL(await answer.blob());
        if (this.sheets[n]?.mine !== mine) URL.revokeObjectURL(url);
        else this.sheets[n] = { ids, mine, url, across: Number(answer.headers.get("x-faces-across")) };
        if (!this.given) this.$emit("first", performance.now());
        this.given = true;
      } catch {
        if (this.sheets[n]?.mine === mine) delete this.sheets[n];
      }
    },
    follow() {
      const box = this.$refs.box;
      const y = Math.floor(this.at / this.across) * this.side;
      if (y < box.scrollTop) box.scrollTop = y;
      else if (y + this.side > box.scrollTop + box.clientHeight) box.scrollTop = y + this.side - box.clientHeight;
    },
    down(event) {
      if (event.button || event.pointerType === "touch") {
        if (event.pointerType === "touch") this.tap(event);
        return;
      }
      const box = this.$refs.box;
      box.focus();
      const begin = [event.clientX, event.clientY];
      const tile = event.target.closest(".tile");
      const how = { ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey };
      const inside = (e) => {
        const bounds = box.getBoundingClientRect();
        return [e.clientX - bounds.left, e.clientY - bounds.top + box.scrollTop];
      };
      const first = inside(event);
      let drags = false;
      const move = (e) => {
        drags = drags || Math.hypot(e.clientX - begin[0], e.clientY - begin[1]) > DRAG_PX;
        if (!drags) return;
        const bounds = box.getBoundingClientRect();
        if (e.clientY > bounds.bottom - 24) box.scrollTop += 24;
        if (e.clientY < bounds.top + 24) box.scrollTop -= 24;
        // From where it was pressed: a quick hand is far away when the first move is told.
        if (!this.line.length) this.line.push(first);
        this.line.push(inside(e));
      };
      const up = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", up);
        if (drags) this.$emit("lasso", this.within(this.line), how);
        else if (tile) this.$emit("choose", Number(tile.dataset.n), how);
        this.line = [];
      };
      event.preventDefault();
      this.line = [];
      addEventListener("pointermove", move);
      addEventListener("pointerup", up);
    },
    tap(event) {
      const tile = event.target.closest(".tile");
      const top = this.$refs.box.scrollTop;
      addEventListener("pointerup", () => {
        if (tile && Math.abs(this.$refs.box.scrollTop - top) < DRAG_PX) this.$emit("choose", Number(tile.dataset.n), { ctrl: true });
      }, { once: true });
    },
    // Faces whose middle lies in the line, which is taken as closed.
    within(line) {
      const ys = line.map((p) => p[1]);
      const first = Math.max(0, Math.floor(Math.min(...ys) / this.side)) * this.across;
      const end = Math.min(this.ids.length, (Math.floor(Math.max(...ys) / this.side) + 1) * this.across);
      const found = [];
      for (let n = first; n < end; n += 1) {
        const x = (n % this.across) * this.side + this.px / 2;
        const y = Math.floor(n / this.across) * this.side + this.px / 2;
        let odd = false;
        for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
          const [[ax, ay], [bx, by]] = [line[i], line[j]];
          if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
        }
        if (odd) found.push(n);
      }
      return found;
    },
  },
};
