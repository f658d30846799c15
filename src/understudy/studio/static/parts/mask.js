// Painting a mask: a brush, an eraser and polygons over the face, with the automatic mask below.
import { call, fail, part, tell } from "/static/api.js";
import { keysOf } from "/static/keys.js";

const SIDE = 256; // of the mask
const SHOWN = 512; // of the canvas

export default {
  props: { path: String, face: Object, version: String },
  emits: ["saved", "close"],
  template: `
    <div class="us-dialog" style="max-width: 900px"><div class="row between"><h2>Mask of face {{ face.id }}</h2><span class="soft small">white is replaced, black stays</span></div>
      <div class="row top"><canvas ref="canvas" :width="shown" :height="shown" style="border-radius: 8px; touch-action: none; cursor: crosshair; max-width: 100%" @pointerdown="down" @pointermove="move" @pointerup="up" @pointerleave="cursor = null; draw()" @dblclick="close"></canvas>
        <div class="stack" style="min-width: 220px; flex: 1">
          <div class="row"><button v-for="[id, icon, words] in tools" type="button" class="b icon" :aria-pressed="tool === id" :title="words" @click="use(id)"><q-icon :name="icon" /></button></div>
          <label class="field"><span>Size {{ size }}</span><input type="range" min="1" max="80" v-model.number="size"></label>
          <label class="field"><span>Soft edge {{ soft }} %</span><input type="range" min="0" max="100" v-model.number="soft"></label>
          <label class="field"><span>Shown over the face {{ tint }} %</span><input type="range" min="0" max="100" v-model.number="tint"></label>
          <label v-if="kinds.length" class="field"><span>Compare with</span><select v-model="below"><option value="">none</option><option v-for="kind in kinds" :value="kind">{{ kind }}</option></select></label>
          <button v-if="below" type="button" class="b" @click="take">Begin from {{ below }}</button>
          <div class="row"><button type="button" class="b icon" :disabled="!done.length" @click="undo" title="Undo"><q-icon name="undo" /></button><button type="button" class="b icon" :disabled="!undone.length" @click="redo" title="Redo"><q-icon name="redo" /></button></div>
          <div class="row"><button type="button" class="b first" :disabled="busy || !ready" @click="save" data-save>Keep it</button><button type="button" class="b" @click="$emit('close')">Close</button></div>
        </div></div></div>`,
  data: () => ({ shown: SHOWN, tool: "brush", size: 16, soft: 30, tint: 55, below: "", done: [], undone: [], busy: false, ready: false, cursor: null, line: [], tools: [["brush", "brush", "Draw (D)"], ["erase", "cleaning_services", "Erase (E)"], ["include", "add_box", "Polygon: in (Q)"], ["exclude", "indeterminate_check_box", "Polygon: out (W)"]] }),
  computed: {
    kinds() {
      return this.face.masks.filter((kind) => kind !== "painted");
    },
  },
  watch: { below: "compare", tint: "draw" },
  async mounted() {
    this.leave = keysOf("Mask", [
      { key: "d", words: "draw", as: "Faceswap: D", run: () => this.use("brush") },
      { key: "e", words: "erase", run: () => this.use("erase") },
      { key: "q", words: "polygon: in; Enter closes it", as: "XSeg: Q", run: () => this.use("include") },
      { key: "w", words: "polygon: out", as: "XSeg: W", run: () => this.use("exclude") },
      { key: "[", words: "smaller", run: () => (this.size = Math.max(1, this.size - 2)) },
      { key: "]", words: "larger", run: () => (this.size = Math.min(80, this.size + 2)) },
      { key: "Ctrl+z", words: "undo", run: this.undo },
      { key: ["Ctrl+y", "Ctrl+Shift+z"], words: "redo", run: this.redo },
      { key: "Enter", words: "close the polygon", run: this.close },
      { key: "Ctrl+s", words: "keep it", run: this.save },
    ]);
    this.mask = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    this.pen = this.mask.getContext("2d", { willReadFrequently: true });
    this.pen.fillRect(0, 0, SIDE, SIDE);
    const base = `/api/v1${this.path}/faces/${part(this.face.id)}`;
    try {
      this.picture = await load(`${base}/crop.jpg`);
      const first = this.face.masks.includes("painted") ? "painted" : this.kinds[0];
      if (first) this.pen.drawImage(await load(`${base}/masks/${part(first)}.png?${this.version}`), 0, 0, SIDE, SIDE);
      this.below = this.face.masks.includes("painted") ? "" : this.kinds[0] || "";
      // what is painted before the mask is there would be lost under it
      this.ready = true;
    } catch (error) {
      fail(error);
    }
    this.draw();
  },
  unmounted() {
    this.leave();
  },
  methods: {
    use(tool) {
      this.tool = tool;
      this.line = [];
      this.draw();
    },
    at(event) {
      const box = this.$refs.canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
    },
    keep() {
      this.done.push(this.pen.getImageData(0, 0, SIDE, SIDE));
      this.undone = [];
    },
    down(event) {
      if (!this.ready) return;
      const place = this.at(event);
      if (this.tool === "include" || this.tool === "exclude") {
        this.line.push(place);
        this.draw();
        return;
      }
      this.$refs.canvas.setPointerCapture(event.pointerId);
      this.keep();
      this.last = place;
      this.erases = (this.tool === "erase") !== event.ctrlKey;
      this.dab(place);
    },
    move(event) {
      this.cursor = this.at(event);
      if (this.last) {
        const [[ax, ay], [bx, by]] = [this.last, this.cursor];
        const steps = Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay) / Math.max(1, this.size / 4)));
        for (let n = 1; n <= steps; n += 1) this.dab([ax + ((bx - ax) * n) / steps, ay + ((by - ay) * n) / steps], false);
        this.last = this.cursor;
      }
      this.draw();
    },
    up() {
      this.last = null;
    },
    dab([x, y], draws = true) {
      const level = this.erases ? 0 : 255;
      const brush = this.pen.createRadialGradient(x, y, this.size * (1 - this.soft / 100) * 0.99, x, y, this.size);
      brush.addColorStop(0, `rgb(${level} ${level} ${level})`);
      brush.addColorStop(1, `rgb(${level} ${level} ${level} / 0)`);
      this.pen.fillStyle = brush;
      this.pen.fillRect(x - this.size, y - this.size, 2 * this.size, 2 * this.size);
      if (draws) this.draw();
    },
    close() {
      if (this.line.length > 2) {
        this.keep();
        this.pen.fillStyle = this.tool === "include" ? "white" : "black";
        this.pen.beginPath();
        for (const place of this.line) this.pen.lineTo(...place);
        this.pen.fill();
      }
      this.line = [];
      this.draw();
    },
    undo() {
      if (!this.done.length) return;
      this.undone.push(this.pen.getImageData(0, 0, SIDE, SIDE));
      this.pen.putImageData(this.done.pop(), 0, 0);
      this.draw();
    },
    redo() {
      if (!this.undone.length) return;
      this.done.push(this.pen.getImageData(0, 0, SIDE, SIDE));
      this.pen.putImageData(this.undone.pop(), 0, 0);
      this.draw();
    },
    async compare() {
      this.other = null;
      if (this.below) {
        try {
          this.other = await load(`/api/v1${this.path}/faces/${part(this.face.id)}/masks/${part(this.below)}.png`);
        } catch (error) {
          fail(error);
        }
      }
      this.draw();
    },
    take() {
      if (!this.other) return;
      this.keep();
      this.pen.drawImage(this.other, 0, 0, SIDE, SIDE);
      this.draw();
    },
    tinted(image, [r, g, b], share) {
      const layer = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
      const pen = layer.getContext("2d");
      pen.drawImage(image, 0, 0, SIDE, SIDE);
      const data = pen.getImageData(0, 0, SIDE, SIDE);
      for (let n = 0; n < data.data.length; n += 4) {
        data.data[n + 3] = data.data[n] * share;
        [data.data[n], data.data[n + 1], data.data[n + 2]] = [r, g, b];
      }
      pen.putImageData(data, 0, 0);
      return layer;
    },
    draw() {
      const canvas = this.$refs.canvas;
      if (!canvas || !this.mask) return;
      const pen = canvas.getContext("2d");
      pen.setTransform(SHOWN / SIDE, 0, 0, SHOWN / SIDE, 0, 0);
      pen.fillStyle = "#222";
      pen.fillRect(0, 0, SIDE, SIDE);
      if (this.picture) pen.drawImage(this.picture, 0, 0, SIDE, SIDE);
      if (this.other) pen.drawImage(this.tinted(this.other, [233, 178, 92], 0.45), 0, 0);
      pen.drawImage(this.tinted(this.mask, [88, 195, 184], this.tint / 100), 0, 0);
      pen.strokeStyle = "white";
      pen.lineWidth = 1;
      pen.beginPath();
      for (const place of this.line) pen.lineTo(...place);
      if (this.line.length && this.cursor) pen.lineTo(...this.cursor);
      pen.stroke();
      if (this.cursor && (this.tool === "brush" || this.tool === "erase")) {
        pen.beginPath();
        pen.arc(...this.cursor, this.size, 0, 7);
        pen.stroke();
      }
    },
    async save() {
      if (!this.ready) return;
      this.busy = true;
      try {
        const data = await new Promise((resolve) => this.mask.toBlob(resolve, "image/png"));
        const told = await call(`${this.path}/faces/${part(this.face.id)}/masks/painted?version=${part(this.version)}`, { method: "PUT", raw: data });
        tell("The mask is kept", "good");
        this.$emit("saved", told);
      } catch (error) {
        fail(error);
      }
      this.busy = false;
    },
  },
};

function load(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("A picture could not be loaded."));
    image.src = address;
  });
}
