// Who is who: each film as lanes, one for each person that was found, with the shots and tracks.
import { call, counted, fail, part, session, tell } from "/static/api.js";
import { keysOf } from "/static/keys.js";

const COLOURS = ["#3b9c92", "#c98a2b", "#6d7fd1", "#c0607f", "#7fa044", "#9a6bbf", "#cc6d4a", "#4f94c4"];
const SHOWN = 40;
const ACROSS = 10;

export default {
  props: { project: String },
  template: `
    <div class="row between"><h1>Cast</h1><div class="row"><span class="soft small">Corrections keep a copy of the alignments first.</span>
      <button type="button" class="b icon" :disabled="busy || !done.length" @click="undo" title="Undo (Ctrl+Z)" data-undo><q-icon name="undo" /></button><button type="button" class="b icon" :disabled="busy || !undone.length" @click="redo" title="Redo (Ctrl+Y)" data-redo><q-icon name="redo" /></button></div></div>
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Look again</button></div>
    <p v-if="!cast && !trouble" class="soft" aria-live="polite">Looking into the films\u2026</p>
    <div v-for="words in said" class="note small">{{ words }}</div>
    <section v-if="cast?.alike.length" class="card"><h2>These may be one person</h2>
      <div v-for="pair in cast.alike" class="row"><img v-for="who in [pair.one, pair.other]" :src="face(who[0], numbered(who).face, 64)" width="64" height="64" alt="" style="border-radius: 6px">
        <span class="break">{{ title(pair.one) }} and {{ title(pair.other) }}</span><button type="button" class="b" :disabled="busy" @click="join(pair)">They are one</button></div></section>
    <section v-for="film in cast?.films" class="card" :data-film="film.film">
      <div class="row between"><h2 class="break">{{ film.name }}</h2><span class="soft small">{{ counted(film.frames, 'frame') }}, {{ counted(film.shots.length, 'shot') }}<template v-if="film.untracked">, {{ counted(film.untracked, 'face') }} of nobody</template></span></div>
      <div v-if="film.trouble" class="trouble small">{{ film.trouble }}</div>
      <p v-else-if="!film.found.length" class="soft">Nobody was found yet. <a :href="'/p/' + project">Find the faces.</a></p>
      <label v-if="film.everybody && film.found.length > 1" class="note">Everybody in it counts as <strong>{{ called(film.everybody) }}</strong>. <button type="button" class="b" :disabled="busy" @click="edit(film, { what: 'name', names: { all: null } })">Name them one by one</button></label>
      <div v-for="one in film.found" class="lane" :class="{ picked: isPicked(film, one.number) }">
        <label class="check" :title="'Choose person ' + one.number"><input type="checkbox" :checked="isPicked(film, one.number)" @change="pick(film, one.number)" :aria-label="'Person ' + one.number">
          <img v-if="one.face" :src="face(film.film, one.face, 64)" width="48" height="48" alt="" style="border-radius: 6px"></label>
        <div class="stack tight"><div class="row" style="flex-wrap: nowrap"><span class="dot" :style="{ background: colour(one.number) }"></span><input :value="one.person ? called(one.person) : ''" list="cast" maxlength="100" :aria-label="'Name of person ' + one.number" :placeholder="'person ' + one.number" @change="name(film, one, $event.target.value.trim())"></div>
          <span class="small soft">{{ one.frames }} frames <span v-if="one.person" class="badge" :class="consent(one.person)[1]">{{ consent(one.person)[0] }}</span></span></div>
        <svg class="lanes" :viewBox="'0 0 ' + Math.max(1, film.frames) + ' 40'" preserveAspectRatio="none" role="group" :aria-label="'Tracks of person ' + one.number">
          <line v-for="shot in film.shots" :x1="shot" :x2="shot" y1="0" y2="40" vector-effect="non-scaling-stroke" />
          <rect v-for="track in one.tracks" :x="track.first" y="8" :width="Math.max(film.frames / 300, track.last - track.first + 1)" height="24" :fill="colour(one.number)" :class="{ on: isOn(film, track.number) }"
            vector-effect="non-scaling-stroke" tabindex="0" role="button" :data-track="track.number" :aria-pressed="isOn(film, track.number)" @click="open(film, one, track, $event)" @keydown.enter.prevent="open(film, one, track, $event)"><title>track {{ track.number }}, frames {{ track.first }} to {{ track.last }}</title></rect></svg>
      </div>
      <div v-if="film.found.length" class="row"><button type="button" class="b" :disabled="busy || picked(film).length < 2" @click="edit(film, { what: 'merge', numbers: picked(film) })"><q-icon name="merge" />They are one</button>
        <button type="button" class="b" :disabled="busy || !splits(film)" @click="edit(film, { what: 'split', numbers: [on.person], tracks: on.tracks })"><q-icon name="call_split" />These tracks are somebody else</button>
        <button type="button" class="b" :disabled="busy || !assigns(film)" @click="edit(film, { what: 'assign', numbers: picked(film), tracks: on.tracks })"><q-icon name="move_down" />These tracks are the one chosen</button>
        <button type="button" class="b" :disabled="busy || !picked(film).length" @click="leaveOut(film)"><q-icon name="person_off" />Leave out</button></div>
      <div v-if="on && on.film === film.film" class="stack tight" data-faces><span class="small soft">{{ on.tracks.length === 1 ? 'Track' : 'Tracks' }} {{ on.tracks.join(', ') }}: {{ on.total }} faces<template v-if="on.ids.length < on.total">, {{ on.ids.length }} of them</template>. <a :href="'/p/' + project + '/faces/' + encode(film.film)">All faces</a></span>
        <img v-if="on.ids.length" :src="sheet(film.film)" :alt="'Faces of track ' + on.tracks.join(', ')" style="align-self: start; border-radius: 6px"></div>
    </section>
    <datalist id="cast"><option v-for="each in session.project?.persons" :value="each.name || each.id"></option></datalist>`,
  data: () => ({ cast: null, trouble: "", said: [], busy: false, on: null, chosen: {}, done: [], undone: [], session }),
  mounted() {
    this.leave = keysOf("Cast", [
      { key: "Escape", words: "choose nobody", run: () => ((this.chosen = {}), (this.on = null)) },
      { key: "m", words: "those chosen are one", run: () => this.each((film) => this.picked(film).length > 1 && this.edit(film, { what: "merge", numbers: this.picked(film) })) },
      { key: "s", words: "the chosen tracks are somebody else", run: () => this.each((film) => this.splits(film) && this.edit(film, { what: "split", numbers: [this.on.person], tracks: this.on.tracks })) },
      { key: "Ctrl+z", words: "undo", run: () => this.undo() },
      { key: ["Ctrl+y", "Ctrl+Shift+z"], words: "redo", run: () => this.redo() },
      { key: "click", words: "a track: its faces; with Shift or Ctrl several" },
    ]);
    this.load();
  },
  unmounted() {
    this.leave();
  },
  methods: {
    encode: part, counted,
    each(act) {
      for (const film of this.cast?.films || []) act(film);
    },
    colour: (number) => COLOURS[number % COLOURS.length],
    face(film, id, px) {
      return `/api/v1/projects/${this.project}/films/${part(film)}/faces/${part(id)}.jpg?px=${px}`;
    },
    sheet(film) {
      return `/api/v1/projects/${this.project}/films/${part(film)}/faces.jpg?ids=${part(this.on.ids.join())}&px=96`;
    },
    person(id) {
      return session.project?.persons.find((each) => each.id === id);
    },
    called(id) {
      return this.person(id)?.name || id;
    },
    consent(id) {
      const state = this.person(id)?.consent || "missing";
      return [state === "declared" ? "consent declared" : `consent ${state}`, { declared: "good", missing: "warn", refused: "bad" }[state]];
    },
    numbered([film, number]) {
      return this.cast.films.find((each) => each.film === film).found.find((each) => each.number === number);
    },
    title(who) {
      const one = this.numbered(who);
      return `${one.person ? this.called(one.person) : `person ${who[1]}`} in ${who[0]}`;
    },
    picked(film) {
      return this.chosen[film.film] || [];
    },
    isPicked(film, number) {
      return this.picked(film).includes(number);
    },
    pick(film, number) {
      const now = this.picked(film);
      this.chosen = { ...this.chosen, [film.film]: now.includes(number) ? now.filter((n) => n !== number) : [...now, number] };
    },
    isOn(film, track) {
      return this.on?.film === film.film && this.on.tracks.includes(track);
    },
    splits(film) {
      return this.on?.film === film.film && this.on.person !== null && film.found.find((one) => one.number === this.on.person)?.tracks.length > this.on.tracks.length;
    },
    assigns(film) {
      return this.on?.film === film.film && this.picked(film).length === 1 && this.picked(film)[0] !== this.on.person;
    },
    async load() {
      this.trouble = "";
      try {
        if (!session.project) session.project = await call(`/projects/${this.project}?whole=false`);
        this.cast = await call(`/projects/${this.project}/cast`);
      } catch (error) {
        this.trouble = error.message;
      }
    },
    async open(film, one, track, event) {
      const more = (event.shiftKey || event.ctrlKey || event.metaKey) && this.on?.film === film.film;
      const tracks = more ? [...new Set([...this.on.tracks, track.number])] : [track.number];
      const person = more && this.on.person !== one.number ? null : one.number;
      this.on = { film: film.film, person, tracks, ids: [], total: 0 };
      try {
        const told = await Promise.all(tracks.map((n) => call(`/projects/${this.project}/films/${part(film.film)}/faces?track=${n}&limit=5000`)));
        const ids = told.flatMap((each) => each.faces.map((face) => face.id));
        const step = Math.max(1, ids.length / SHOWN);
        const some = Array.from({ length: Math.min(SHOWN, ids.length) }, (_, n) => ids[Math.floor(n * step)]);
        this.on = { ...this.on, ids: some, total: ids.length };
      } catch (error) {
        fail(error);
      }
    },
    // How all of a film is: what taking an edit back, or doing it again, needs.
    whole(id) {
      const film = this.cast.films.find((each) => each.film === id);
      const said = film.found.filter((one) => one.said).map((one) => [one.number, one.person]);
      return {
        shows: Object.fromEntries(film.found.flatMap((one) => one.tracks.map((track) => [track.number, one.number]))),
        names: { ...Object.fromEntries(said), ...(film.everybody ? { all: film.everybody } : {}) },
      };
    },
    async edit(film, what) {
      const before = this.whole(film.film);
      if (!(await this.send(film, what))) return;
      this.done.push({ film: film.film, before, after: this.whole(film.film) });
      this.undone = [];
    },
    async undo() {
      const last = this.done[this.done.length - 1];
      if (last && (await this.restore(last.film, last.before))) this.undone.push(this.done.pop());
    },
    async redo() {
      const last = this.undone[this.undone.length - 1];
      if (last && (await this.restore(last.film, last.after))) this.done.push(this.undone.pop());
    },
    restore(id, state) {
      return this.send(this.cast.films.find((each) => each.film === id), { what: "restore", ...state });
    },
    async send(film, what) {
      if (this.busy) return false;
      this.busy = true;
      let went = false;
      try {
        this.cast = await call(`/projects/${this.project}/films/${part(film.film)}/cast`, { body: { ...what, version: film.version } });
        this.said = this.cast.said;
        this.chosen = {};
        this.on = null;
        went = true;
        session.project = await call(`/projects/${this.project}?whole=false`);
      } catch (error) {
        fail(error);
        if (error.status === 409) await this.load();
      }
      this.busy = false;
      return went;
    },
    name(film, one, whom) {
      this.edit(film, { what: "name", names: { [film.everybody && film.found.length === 1 ? "all" : one.number]: whom || null } });
    },
    // Nobody is learnt from or replaced who has no name; where everybody has one, the others keep it.
    leaveOut(film) {
      const out = this.picked(film);
      const names = Object.fromEntries(film.found.map((one) => [one.number, out.includes(one.number) || !one.person ? null : this.called(one.person)]));
      this.edit(film, { what: "name", names: film.everybody ? { ...names, all: null } : Object.fromEntries(out.map((n) => [n, null])) });
    },
    async join(pair) {
      const [one, other] = [this.numbered(pair.one), this.numbered(pair.other)];
      const named = one.person || other.person;
      if (!named) {
        tell("Give one of the two a name first; the other is then named like it.");
        return;
      }
      const [film, number] = one.person ? pair.other : pair.one;
      await this.edit(this.cast.films.find((each) => each.film === film), { what: "name", names: { [number]: this.called(named) } });
    },
  },
};
