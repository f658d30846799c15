// The frame editor: go through a film, and correct boxes, landmarks and masks where they are wrong.
import { call, counted, fail, part, session, tell } from "/static/api.js";
import { keysOf } from "/static/keys.js";
import { HANDLE_PX, dragged, draw, inside, under } from "/static/parts/face.js";
import Mask from "/static/parts/mask.js";

const VIEWS = { all: "all frames", none: "no face", several: "several faces", misaligned: "misaligned", out: "left out", stale: "out of date" };
const TOOLS = { face: ["open_with", "Move, scale and turn faces (F3)"], points: ["scatter_plot", "Drag points (F4)"], box: ["crop_free", "Draw a box: a new face (F2)"] };
const AHEAD = 3;

export default {
  components: { Mask },
  props: { project: String, film: String },
  template: `
    <div class="row between"><h1>Frames</h1><div class="tools"><label>Film <select :value="film" @change="move($event.target.value)"><option v-for="each in films" :value="each.id">{{ each.name }}</option></select></label>
      <label>Show <select v-model="view"><option v-for="(words, id) in views" :value="id">{{ words }}</option></select></label>
      <label v-if="view === 'misaligned'">from <input type="range" min="2" max="25" v-model.number="limit">.{{ String(limit).padStart(2, '0') }}</label>
      <span class="soft" role="status">{{ counted(list.length, 'frame') }}</span></div></div>
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Look again</button></div>
    <div v-if="masking" class="fill" style="overflow: auto"><Mask :key="masking.id" :path="path" :face="masking" :version="frame.version" @saved="saved" @close="masking = null" /></div>
    <div v-show="!masking" class="stage fill" ref="stage"><canvas ref="canvas" tabindex="0" aria-label="The frame with its faces" @pointerdown="down" @wheel.prevent="zoomed" @contextmenu.prevent></canvas>
      <span class="corner badge">{{ at }}<template v-if="frame">, {{ counted(frame.faces.length, 'face') }}<template v-if="face?.set_by">, {{ face.set_by === 'hand' ? 'set by hand: a key frame' : 'carried from key frames' }}</template></template></span></div>
    <input type="range" :min="0" :max="Math.max(0, list.length - 1)" :value="place" @input="go(list[$event.target.value])" aria-label="Frame" style="width: 100%">
    <div class="row between"><div class="row"><button type="button" class="b icon" @click="step(-1)" title="Frame before (Z)"><q-icon name="chevron_left" /></button>
        <button type="button" class="b icon" @click="play" :title="'Play (Space)'"><q-icon :name="playing ? 'pause' : 'play_arrow'" /></button>
        <button type="button" class="b icon" @click="step(1)" title="Next frame (X)"><q-icon name="chevron_right" /></button>
        <input type="number" min="0" :value="at" style="width: 74px" aria-label="Number of the frame" @change="go(Number($event.target.value))">
        <button v-for="([icon, words], id) in tools" type="button" class="b icon" :aria-pressed="tool === id" :title="words" @click="use(id)"><q-icon :name="icon" /></button>
        <button type="button" class="b" :disabled="!face" @click="masking = face" title="Paint a mask (F5)"><q-icon name="brush" />Mask</button>
        <button type="button" class="b icon" :disabled="!face" @click="remove" title="Remove the face (Del)"><q-icon name="delete" /></button>
        <button type="button" class="b icon" @click="copy(-1)" title="Copy the faces of the frame before (C)"><q-icon name="chevron_left" /><q-icon name="content_copy" /></button>
        <button type="button" class="b icon" @click="copy(1)" title="Copy the faces of the next frame (V)"><q-icon name="content_copy" /><q-icon name="chevron_right" /></button>
        <button type="button" class="b" :disabled="busy || !face || face.track === null" @click="interpolate" title="Carry edits of key frames to the frames between them (I)" data-interpolate><q-icon name="timeline" />Interpolate</button></div>
      <div class="row"><button type="button" class="b icon" :disabled="!done.length" @click="undo" title="Undo (Ctrl+Z)" data-undo><q-icon name="undo" /></button><button type="button" class="b icon" :disabled="!undone.length" @click="redo" title="Redo (Ctrl+Y)"><q-icon name="redo" /></button>
        <button type="button" class="b" :disabled="busy" @click="renew" title="Masks and identity that are out of date are made again, as a job"><q-icon name="refresh" />Make again</button></div></div>`,
  data: () => ({ columns: null, at: 0, frame: null, chosenFace: 0, tool: "face", view: "all", limit: 10, out: new Set(), done: [], undone: [], busy: false, trouble: "", playing: false, masking: null, views: VIEWS, tools: TOOLS }),
  computed: {
    path() {
      return `/projects/${this.project}/films/${part(this.film)}`;
    },
    films() {
      return (session.project?.sources || []).filter((each) => each.kind === "film");
    },
    source() {
      return this.films.find((each) => each.id === this.film);
    },
    face() {
      return this.frame?.faces[this.chosenFace] || null;
    },
    list() {
      const n = this.source?.looked_at || 0;
      const all = Array.from({ length: n }, (_, index) => index);
      if (!this.columns || this.view === "all") return all;
      const d = this.columns;
      const count = new Array(n).fill(0);
      const marked = new Set();
      d.frames.forEach((index, k) => {
        count[index] += 1;
        if (this.view === "misaligned" && (d.distances[k] ?? 0) >= this.limit / 100) marked.add(index);
        if (this.view === "stale" && d.stale[k]) marked.add(index);
        if (this.view === "out" && this.out.has(d.ids[k])) marked.add(index);
      });
      if (this.view === "none") return all.filter((index) => !count[index]);
      if (this.view === "several") return all.filter((index) => count[index] > 1);
      return all.filter((index) => marked.has(index));
    },
    place() {
      const n = this.list.findIndex((index) => index >= this.at);
      return n < 0 ? Math.max(0, this.list.length - 1) : n;
    },
  },
  watch: {
    tool: "draw",
    masking(now) {
      if (!now) this.$nextTick(this.fit);
    },
  },
  async mounted() {
    this.points = new Set();
    this.pictures = new Map();
    this.zoom = null;
    this.edits = 0;
    this.last = Promise.resolve();
    this.leave = keysOf("Frames", [
      { key: ["x", "ArrowRight"], words: "next frame", as: "Faceswap: X", run: () => this.step(1) },
      { key: ["z", "ArrowLeft"], words: "frame before", as: "Faceswap: Z", run: () => this.step(-1) },
      { key: "Home", words: "first frame", run: () => this.go(this.list[0]) },
      { key: "End", words: "last frame", run: () => this.go(this.list[this.list.length - 1]) },
      { key: "Space", words: "play, or stop", as: "Faceswap", run: this.play },
      { key: "f", words: "the next of the views", as: "Faceswap: F", run: () => (this.view = Object.keys(VIEWS)[(Object.keys(VIEWS).indexOf(this.view) + 1) % Object.keys(VIEWS).length]) },
      { key: "F2", words: "draw a box", as: "Faceswap: F2", run: () => this.use("box") },
      { key: "F3", words: "move, scale and turn", as: "Faceswap: F3", run: () => this.use("face") },
      { key: "F4", words: "drag points, or a lasso of them", as: "Faceswap: F4", run: () => this.use("points") },
      { key: "F5", words: "paint a mask", as: "Faceswap: F5", run: () => this.face && (this.masking = this.face) },
      { key: "Tab", words: "the next face", run: () => this.choose((this.chosenFace + 1) % Math.max(1, this.frame?.faces.length || 1)) },
      { key: "Delete", words: "remove the face", as: "Faceswap: Del", run: () => this.remove() },
      { key: "c", words: "copy the faces of the frame before", as: "Faceswap: C", run: () => this.copy(-1) },
      { key: "v", words: "copy the faces of the next frame", as: "Faceswap: V", run: () => this.copy(1) },
      { key: "i", words: "carry edits to the frames between key frames", run: () => this.interpolate() },
      { key: "Ctrl+z", words: "undo", run: this.undo },
      { key: ["Ctrl+y", "Ctrl+Shift+z"], words: "redo", run: this.redo },
      { key: "m", words: "the whole frame again", as: "Faceswap: M", run: () => ((this.zoom = null), this.fit()) },
      { key: "wheel", words: "closer, or farther" },
      { key: "Escape", words: "let go", run: () => (this.masking ? (this.masking = null) : (this.points.clear(), this.draw())) },
    ]);
    this.sizes = new ResizeObserver(this.fit);
    this.sizes.observe(this.$refs.stage);
    await this.load();
    this.go(Number(new URLSearchParams(location.search).get("frame")) || 0);
  },
  unmounted() {
    this.playing = false;
    this.sizes.disconnect();
    this.leave();
  },
  methods: {
    counted,
    move(film) {
      history.pushState(null, "", `/p/${this.project}/frames/${part(film)}`);
      session.path = location.pathname;
    },
    use(tool) {
      this.tool = tool;
      this.masking = null;
    },
    async load() {
      this.trouble = "";
      try {
        if (!session.project) session.project = await call(`/projects/${this.project}?whole=false`);
        const told = await call(`${this.path}/faces/columns`);
        this.columns = Object.freeze(told.columns);
        this.out = new Set(told.left_out);
        if (!this.source?.looked_at) this.trouble = "This film was not looked at yet: find its faces first.";
      } catch (error) {
        this.trouble = error.message;
      }
    },
    picture(index) {
      if (!this.pictures.has(index)) {
        const image = new Image();
        image.src = `/api/v1${this.path}/frames/${index}.jpg?px=1920`;
        this.pictures.set(index, image);
        if (this.pictures.size > 40) this.pictures.delete(this.pictures.keys().next().value);
      }
      return this.pictures.get(index);
    },
    async go(index) {
      if (index === undefined || Number.isNaN(index) || !this.source?.looked_at) return;
      this.at = Math.max(0, Math.min(this.source.looked_at - 1, index));
      this.masking = null;
      this.points.clear();
      history.replaceState(null, "", `${location.pathname}?frame=${this.at}`);
      const [wanted, edits] = [this.at, this.edits];
      const image = this.picture(wanted);
      try {
        const [told] = await Promise.all([call(`${this.path}/frames/${wanted}`), image.decode()]);
        if (this.at !== wanted) return;
        this.image = image;
        // What was asked before an edit was saved may come after it, and knows nothing of it.
        if (edits === this.edits) this.take(told);
        else this.draw();
        for (let n = 1; n <= AHEAD; n += 1) if (this.list[this.place + n] !== undefined) this.picture(this.list[this.place + n]);
      } catch (error) {
        this.playing = false;
        if (this.at === wanted) fail(error);
      }
    },
    step(by) {
      const here = this.list[this.place];
      const n = this.place + (here === this.at || by < 0 ? by : 0);
      return this.go(this.list[Math.max(0, Math.min(this.list.length - 1, n))]);
    },
    async play() {
      this.playing = !this.playing;
      while (this.playing && this.place < this.list.length - 1) {
        const next = new Promise((resolve) => setTimeout(resolve, 40));
        await this.step(1);
        await next;
      }
      this.playing = false;
    },
    take(told) {
      this.frame = told;
      this.chosenFace = Math.min(this.chosenFace, Math.max(0, told.faces.length - 1));
      this.fit();
    },
    choose(n) {
      this.chosenFace = n;
      this.points.clear();
      this.draw();
    },
    fit() {
      const [stage, canvas] = [this.$refs.stage, this.$refs.canvas];
      if (!stage || !canvas || !stage.clientWidth) return;
      [canvas.width, canvas.height] = [stage.clientWidth * devicePixelRatio, stage.clientHeight * devicePixelRatio];
      this.draw();
    },
    // From frame pixels to the canvas: scale, and where the frame begins.
    lens() {
      const canvas = this.$refs.canvas;
      const { width, height } = this.source;
      const scale = Math.min(canvas.width / width, canvas.height / height);
      return this.zoom || { scale, x: (canvas.width - width * scale) / 2, y: (canvas.height - height * scale) / 2 };
    },
    zoomed(event) {
      const { scale, x, y } = this.lens();
      const [px, py] = [event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio];
      const next = Math.min(40, Math.max(0.05, scale * Math.exp(-event.deltaY / 400)));
      this.zoom = { scale: next, x: px - ((px - x) * next) / scale, y: py - ((py - y) * next) / scale };
      this.draw();
    },
    draw() {
      const canvas = this.$refs.canvas;
      if (!canvas || !this.frame || !this.source) return;
      const pen = canvas.getContext("2d");
      const { scale, x, y } = this.lens();
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.setTransform(scale, 0, 0, scale, x, y);
      if (this.image?.naturalWidth) pen.drawImage(this.image, 0, 0, this.source.width, this.source.height);
      const px = devicePixelRatio / scale;
      this.frame.faces.forEach((face, n) => {
        const on = n === this.chosenFace;
        draw(pen, (on && this.held) || face.landmarks, px, { on, tool: this.tool, chosen: this.points, stale: face.stale.length });
      });
      pen.strokeStyle = "#ffd54f";
      pen.lineWidth = 1.5 * px;
      if (this.line?.length) pen.stroke(new Path2D(`M${this.line.map((p) => p.join(" ")).join("L")}`));
      if (this.box) pen.strokeRect(this.box[0], this.box[1], this.box[2] - this.box[0], this.box[3] - this.box[1]);
    },
    down(event) {
      if (!this.frame) return;
      const canvas = this.$refs.canvas;
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      const lens = this.lens();
      const place = (e) => [(e.offsetX * devicePixelRatio - lens.x) / lens.scale, (e.offsetY * devicePixelRatio - lens.y) / lens.scale];
      const from = place(event);
      const near = (HANDLE_PX * devicePixelRatio) / lens.scale;
      let hold = event.button ? { what: "pan" } : null;
      if (!hold && this.tool === "box") hold = { what: "box" };
      if (!hold) {
        const order = [this.chosenFace, ...this.frame.faces.keys()];
        for (const n of order) {
          const found = this.frame.faces[n] && under(this.frame.faces[n].landmarks, from, near, this.tool === "points");
          if (!found || (this.tool === "points" && found.what === "face" && n === this.chosenFace)) continue;
          if (n !== this.chosenFace) this.choose(n);
          hold = this.tool === "points" && found.what === "face" ? null : found;
          break;
        }
      }
      if (!hold) hold = { what: this.tool === "points" ? "lasso" : "pan" };
      if (hold.what === "point" && !this.points.has(hold.n) && !event.ctrlKey) this.points.clear();
      if (hold.what === "lasso") this.line = [from];
      const start = [event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio];
      let to = from;
      const moved = (e) => {
        to = place(e);
        if (hold.what === "pan") this.zoom = { ...lens, x: lens.x + e.offsetX * devicePixelRatio - start[0], y: lens.y + e.offsetY * devicePixelRatio - start[1] };
        else if (hold.what === "box") this.box = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])];
        else if (hold.what === "lasso") this.line.push(to);
        else this.held = dragged(this.face.landmarks, hold, from, to, this.points);
        this.draw();
      };
      const up = () => {
        canvas.removeEventListener("pointermove", moved);
        canvas.removeEventListener("pointerup", up);
        this.let(hold);
      };
      canvas.addEventListener("pointermove", moved);
      canvas.addEventListener("pointerup", up);
    },
    async let(hold) {
      const [held, box, line] = [this.held, this.box, this.line];
      this.line = null;
      if (hold.what === "lasso" && this.face) {
        this.points = new Set(this.face.landmarks.flatMap((point, n) => (inside(line, point) ? [n] : [])));
      } else if (hold.what === "box" && box) {
        await this.add(box);
      } else if (held) {
        const n = this.chosenFace;
        await this.change(this.frame.faces.map((face, k) => ({ id: face.id, landmarks: k === n ? held : null })));
      }
      this.held = this.box = null;
      this.draw();
    },
    async add(box) {
      try {
        const { landmarks } = await call(`${this.path}/frames/${this.at}/align`, { body: { box_xyxy: box } });
        const n = this.frame.faces.length;
        if (await this.change([...this.same(), { id: null, landmarks }])) this.choose(n);
      } catch (error) {
        fail(error);
      }
    },
    same() {
      return this.frame.faces.map((face) => ({ id: face.id, landmarks: null }));
    },
    remove() {
      if (this.face) this.change(this.same().filter((_, n) => n !== this.chosenFace));
    },
    async copy(by) {
      const other = this.at + by;
      if (other < 0 || other >= this.source.looked_at) return;
      try {
        const told = await call(`${this.path}/frames/${other}`);
        if (!told.faces.length) tell(`Frame ${other} has no face.`);
        else await this.change(told.faces.map((face) => ({ id: null, landmarks: face.landmarks, track: face.track })));
      } catch (error) {
        fail(error);
      }
    },
    // One transaction; what it changed is remembered as whole states, so that any of them can come back.
    change(faces) {
      const index = this.at;
      return this.inTurn(async () => {
        if (this.at !== index) return false;
        const before = this.frame;
        const after = await this.put(faces);
        if (!after) return false;
        this.done.push({ index, before, after });
        this.undone = [];
        return true;
      });
    },
    // Edits wait for the one before: what is pressed while that is saved shall neither be lost nor done to its step again.
    inTurn(work) {
      this.last = this.last.then(work, work);
      return this.last;
    },
    // The frame as it is then, or null.
    async put(faces) {
      if (this.busy) return null;
      this.busy = true;
      try {
        const index = this.at;
        const told = await call(`${this.path}/frames/${index}`, { method: "PUT", body: { version: this.frame.version, faces } });
        if (this.at === index) {
          this.edits += 1;
          this.take(told);
        }
        return told;
      } catch (error) {
        fail(error);
        if (error.status === 409) this.take(await call(`${this.path}/frames/${this.at}`));
        return null;
      } finally {
        this.busy = false;
      }
    },
    // From the key frame before to the one behind; what it changed is remembered face by face.
    interpolate() {
      return this.inTurn(this.carry);
    },
    async carry() {
      const track = this.face?.track;
      if (track === undefined || track === null) return;
      try {
        const keys = await call(`${this.path}/tracks/${track}/keys`);
        const first = keys.filter((key) => key.frame < this.at).pop() || keys.find((key) => key.frame === this.at);
        const last = keys.find((key) => key.frame > this.at) || keys.filter((key) => key.frame === this.at).pop();
        if (!first || !last || first.frame === last.frame) {
          tell("Move landmarks of this face in two frames first; those between then follow.");
          return;
        }
        this.busy = true;
        const changes = await call(`${this.path}/carry`, { body: { track, first, last } });
        this.edits += 1;
        this.busy = false;
        this.done.push({ index: this.at, changes });
        this.undone = [];
        tell(`${counted(changes.length, "face")} between frames ${first.frame} and ${last.frame} follow.`, "good");
        await this.go(this.at);
      } catch (error) {
        this.busy = false;
        fail(error);
      }
    },
    async recarry(step, which) {
      if (this.busy) return false;
      this.busy = true;
      try {
        const frames = step.changes.map((one) => ({ index: one.index, version: one.version, faces: [
          { id: one.id, landmarks: one[which], between: which === "after" || one.was_between }, ...one.others.map((id) => ({ id }))] }));
        const told = await call(`${this.path}/frames`, { method: "PUT", body: { frames } });
        this.edits += 1;
        step.changes = step.changes.map((one, n) => ({ ...one, version: told[n].version }));
        this.busy = false;
        await this.go(step.index);
        return true;
      } catch (error) {
        this.busy = false;
        fail(error);
        return false;
      }
    },
    async restore(index, state) {
      if (this.at !== index) await this.go(index);
      const here = new Set(this.frame.faces.map((face) => face.id));
      return this.put(state.faces.map((face) => ({ id: here.has(face.id) ? face.id : null, landmarks: face.landmarks, track: face.track, between: face.set_by === "between" })));
    },
    undo() {
      return this.inTurn(this.takeBack);
    },
    redo() {
      return this.inTurn(this.doAgain);
    },
    async takeBack() {
      const last = this.done[this.done.length - 1];
      if (last && (await (last.changes ? this.recarry(last, "before") : this.restore(last.index, last.before)))) this.undone.push(this.done.pop());
    },
    async doAgain() {
      const last = this.undone[this.undone.length - 1];
      if (last && (await (last.changes ? this.recarry(last, "after") : this.restore(last.index, last.after)))) this.done.push(this.undone.pop());
    },
    saved(told) {
      this.masking = null;
      this.take(told);
    },
    async renew() {
      try {
        await call(`${this.path}/renew`, { method: "POST" });
        tell("What is out of date is made again; see Jobs.", "good");
      } catch (error) {
        fail(error);
      }
    },
  },
};
