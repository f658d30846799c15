// Every face of a film: look, sort, filter, choose, and say which are learnt from.
import { call, fail, go, part, session } from "/static/api.js";
import { keysOf } from "/static/keys.js";
import Grid from "/static/parts/grid.js";

const FIRST = 400; // asked for at first, so that there is a screen to look at at once
const SORTS = {
  frame: ["frame", null],
  size: ["size, small first", "sizes_px"],
  distance: ["misaligned first", "distances", -1],
  sharpness: ["blurred first", "sharpness"],
  score: ["doubtful first", "scores"],
  turn: ["turned left to right", "turns"],
  tilt: ["tilt", "tilts_deg"],
  person: ["person", "persons"],
  track: ["track", "tracks"],
};

export default {
  components: { Grid },
  props: { project: String, film: String },
  template: `
    <div class="row between"><h1>Faces</h1>
      <div class="tools"><label>Tiles <select v-model.number="px"><option :value="64">small</option><option :value="96">medium</option><option :value="144">large</option></select></label><label>Film <select :value="film" @change="$event.target.value && move($event.target.value)"><option v-for="each in films" :value="each.id">{{ each.name }}</option></select></label>
        <span class="soft" role="status" data-count>{{ shown.length }} of {{ total }} faces<template v-if="chosen.size">, <strong>{{ chosen.size }} chosen</strong></template><template v-if="out.size">, {{ out.size }} left out</template></span></div></div>
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Look again</button></div>
    <div class="tools small">
      <label>Sort <select v-model="sort"><option v-for="([words, column], id) in sorts" :value="id" :disabled="lacks(column)">{{ words }}{{ lacks(column) ? ' (not measured)' : '' }}</option></select></label>
      <label>Show <select v-model="state"><option value="">all</option><option value="in">learnt from</option><option value="out">left out</option><option value="stale">out of date</option></select></label>
      <label>Person <select v-model="person"><option value="">all</option><option v-for="each in persons" :value="each">{{ each === null ? 'nobody' : called(each) }}</option></select></label>
      <label>Track <input v-model="track" type="number" min="0" style="width: 66px" placeholder="all"></label>
      <label>Size from <input v-model.number="least" type="number" min="0" style="width: 66px"> px</label>
      <label>Misaligned from <input v-model.number="misaligned" type="range" min="0" max="20" step="1" style="width: 96px"><span style="min-width: 3ch">{{ misaligned ? '.' + String(misaligned).padStart(2, '0') : 'off' }}</span></label>
    </div>
    <p v-if="trouble && !data"></p><p v-else-if="!data" class="soft" aria-live="polite">Looking\u2026</p>
    <p v-else-if="!total" class="card">No faces yet. <a :href="'/p/' + project">Find them first.</a></p>
    <Grid v-else :base="base" :ids="ids" :chosen="chosen" :at="at" :px="px" :out="out" :stamp="stamp" @choose="choose" @lasso="lasso" @open="openFrame" @first="first = $event" />
    <div class="row between"><div class="row">
        <button type="button" class="b first" :disabled="!chosen.size || busy" @click="edit('leave-out')"><q-icon name="block" />Leave out</button>
        <button type="button" class="b" :disabled="!chosen.size || busy" @click="edit('take-back')"><q-icon name="restore" />Take back</button>
        <button type="button" class="b" :disabled="!done.length || busy" @click="undo" title="Ctrl+Z"><q-icon name="undo" />Undo</button>
        <button type="button" class="b" :disabled="!undone.length || busy" @click="redo" title="Ctrl+Y"><q-icon name="redo" />Redo</button>
        <button type="button" class="b" :disabled="at < 0" @click="openFrame"><q-icon name="image" />Its frame</button></div>
      <span v-if="at >= 0 && ids[at]" class="soft small">{{ words(ids[at]) }}</span></div>
    <q-dialog v-model="framed"><div class="us-dialog" style="max-width: 1100px" v-if="framed && ids[at]"><div class="row between"><h2>Frame {{ data.frames[index[ids[at]]] }}</h2><a class="b" :href="'/p/' + project + '/frames/' + encode(film) + '?frame=' + data.frames[index[ids[at]]]" @click.prevent="correct">Correct it</a></div>
      <span class="soft small">{{ words(ids[at]) }}</span>
      <div class="look"><img :src="frame" alt="The frame with the face marked"><i :style="box"></i></div></div></q-dialog>`,
  data: () => ({ data: null, out: new Set(), chosen: new Set(), at: -1, anchor: -1, version: "", total: 0, trouble: "", busy: false, sort: "frame", state: "", person: "", track: "", least: 0, misaligned: 0, px: 96, done: [], undone: [], framed: false, stamp: 0, first: 0, sorts: SORTS }),
  computed: {
    base() {
      return `/api/v1/projects/${this.project}/films/${part(this.film)}/faces`;
    },
    films() {
      return (session.project?.sources || []).filter((each) => each.kind === "film");
    },
    source() {
      return this.films.find((each) => each.id === this.film);
    },
    index() {
      return Object.fromEntries((this.data?.ids || []).map((id, n) => [id, n]));
    },
    persons() {
      return [...new Set(this.data?.persons || [])].sort((a, b) => (a ?? 1e9) - (b ?? 1e9));
    },
    shown() {
      void this.stamp;
      const d = this.data;
      if (!d) return [];
      const keep = [];
      for (let n = 0; n < d.ids.length; n += 1) {
        const out = this.out.has(d.ids[n]);
        if (this.state === "in" ? out : this.state === "out" ? !out : this.state === "stale" && !d.stale[n]) continue;
        if (this.person !== "" && d.persons[n] !== this.person) continue;
        if (this.track !== "" && d.tracks[n] !== Number(this.track)) continue;
        if (this.least && (d.sizes_px[n] ?? 0) < this.least) continue;
        if (this.misaligned && (d.distances[n] ?? 0) < this.misaligned / 100) continue;
        keep.push(n);
      }
      const [, column, way = 1] = SORTS[this.sort];
      if (column) keep.sort((a, b) => way * ((d[column][a] ?? -1) - (d[column][b] ?? -1)) || a - b);
      return keep;
    },
    ids() {
      return this.shown.map((n) => this.data.ids[n]);
    },
    frame() {
      return `/api/v1/projects/${this.project}/films/${part(this.film)}/frames/${this.data.frames[this.index[this.ids[this.at]]]}.jpg?px=1280`;
    },
    box() {
      const [left, top, right, bottom] = this.data.boxes_xyxy[this.index[this.ids[this.at]]];
      const { width, height } = this.source;
      return { left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`, width: `${(100 * (right - left)) / width}%`, height: `${(100 * (bottom - top)) / height}%` };
    },
  },
  mounted() {
    const step = (by) => (event) => this.step(by, event.shiftKey);
    const down = (n) => (event) => this.step(n * (document.querySelector(".grid") ? this.across() : 1), event.shiftKey);
    this.leave = keysOf("Faces", [
      { key: ["ArrowRight", "Shift+ArrowRight"], words: "next face; with Shift choose along", run: step(1) },
      { key: ["ArrowLeft", "Shift+ArrowLeft"], words: "face before", run: step(-1) },
      { key: ["ArrowDown", "Shift+ArrowDown"], words: "row below", run: down(1) },
      { key: ["ArrowUp", "Shift+ArrowUp"], words: "row above", run: down(-1) },
      { key: "Home", words: "first face", run: step(-1e9) },
      { key: "End", words: "last face", run: step(1e9) },
      { key: "Space", words: "choose it, or not", run: () => this.at >= 0 && this.choose(this.at, { ctrl: true }) },
      { key: "Ctrl+a", words: "choose all that are shown", run: () => this.pick(this.ids) },
      { key: "i", words: "choose the others", run: () => this.pick(this.ids.filter((id) => !this.chosen.has(id))) },
      { key: "Escape", words: "choose none", run: () => this.pick([]) },
      { key: ["x", "Delete"], words: "leave out", as: "DeepFaceLab: X", run: () => this.edit("leave-out") },
      { key: "b", words: "take back", run: () => this.edit("take-back") },
      { key: "Ctrl+z", words: "undo", run: this.undo },
      { key: ["Ctrl+y", "Ctrl+Shift+z"], words: "redo", run: this.redo },
      { key: "Enter", words: "its frame", run: () => this.openFrame() },
      { key: "drag", words: "a lasso around faces; with Ctrl add to those chosen" },
    ]);
    this.load();
  },
  unmounted() {
    this.leave();
  },
  methods: {
    // Of files made before a number was kept; `alignments redo --sharpness` measures it.
    lacks(column) {
      return column === "sharpness" && !!this.data && this.data.sharpness.every((value) => value === null);
    },
    called(number) {
      const shows = this.source?.shows || {};
      const id = shows[number] || shows.all;
      const name = session.project?.persons.find((each) => each.id === id)?.name || id;
      return name ? `${number}: ${name}` : `${number}`;
    },
    words(id) {
      const n = this.index[id];
      const d = this.data;
      const size = d.sizes_px[n] ? `, ${Math.round(d.sizes_px[n])} px` : "";
      const track = d.tracks[n] === null ? "" : `, track ${d.tracks[n]}`;
      return `${id}: frame ${d.frames[n]}${track}${size}${d.distances[n] === null ? "" : `, distance ${d.distances[n].toFixed(3)}`}${this.out.has(id) ? ", left out" : ""}`;
    },
    across() {
      return Math.max(1, Math.floor((document.querySelector(".grid").clientWidth - 12) / (this.px + 6)));
    },
    move(film) {
      history.pushState(null, "", `/p/${this.project}/faces/${part(film)}`);
      session.path = location.pathname;
    },
    async load() {
      this.trouble = "";
      try {
        if (!session.project) session.project = await call(`/projects/${this.project}?whole=false`);
        const path = this.base.slice("/api/v1".length);
        this.take(await call(`${path}/columns?limit=${FIRST}`));
        if (this.data.ids.length < this.total) this.take(await call(`${path}/columns`));
      } catch (error) {
        this.trouble = error.message;
      }
    },
    take(look) {
      this.total = look.columns.total;
      this.version = look.version;
      this.out = new Set(look.left_out);
      this.data = Object.freeze(look.columns);
      this.stamp += 1;
    },
    pick(ids) {
      this.chosen = new Set(ids);
    },
    choose(n, { ctrl, shift }) {
      const next = new Set(ctrl || shift ? this.chosen : []);
      if (shift && this.anchor >= 0) {
        for (let k = Math.min(n, this.anchor); k <= Math.max(n, this.anchor); k += 1) next.add(this.ids[k]);
      } else {
        if (ctrl && next.has(this.ids[n])) next.delete(this.ids[n]);
        else next.add(this.ids[n]);
        this.anchor = n;
      }
      this.at = n;
      this.chosen = next;
    },
    lasso(found, { ctrl, shift }) {
      const next = new Set(ctrl || shift ? this.chosen : []);
      for (const n of found) next.add(this.ids[n]);
      this.chosen = next;
      if (found.length) this.at = this.anchor = found[0];
    },
    step(by, along) {
      const n = Math.max(0, Math.min(this.ids.length - 1, (this.at < 0 ? 0 : this.at) + by));
      if (this.ids.length) this.choose(n, { shift: along });
    },
    encode: part,
    correct(event) {
      this.framed = false;
      go(event.currentTarget.getAttribute("href"));
    },
    openFrame() {
      if (this.at >= 0 && this.ids[this.at]) this.framed = true;
    },
    async edit(what) {
      const ids = [...this.chosen].filter((id) => this.out.has(id) === (what === "take-back"));
      if (!ids.length || !(await this.send(what, ids))) return;
      this.done.push([what, ids]);
      this.undone = [];
    },
    async send(what, ids) {
      if (this.busy) return false;
      this.busy = true;
      try {
        const told = await call(`${this.base.slice("/api/v1".length)}/${what}`, { body: { ids, version: this.version } });
        this.version = told.version;
        this.out = new Set(told.left_out);
        this.stamp += 1;
        return true;
      } catch (error) {
        // What was chosen stays chosen, so that it can be done again once it was looked at.
        fail(error);
        if (error.status === 409) await this.load();
        return false;
      } finally {
        this.busy = false;
      }
    },
    async undo() {
      const last = this.done[this.done.length - 1];
      if (last && (await this.send(last[0] === "leave-out" ? "take-back" : "leave-out", last[1]))) this.undone.push(this.done.pop());
    },
    async redo() {
      const last = this.undone[this.undone.length - 1];
      if (last && (await this.send(last[0], last[1]))) this.done.push(this.undone.pop());
    },
  },
};
