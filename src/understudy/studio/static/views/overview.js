// A project: how far each stage is, what would be done next, its films, persons, models and outputs.
import { bytes, call, counted, fail, go, part, session, tell } from "/static/api.js";
import Files from "/static/parts/files.js";
import { keysOf } from "/static/keys.js";

const STAGES = {
  films: ["Films", "Add a film", "Add a film"],
  faces: ["Faces", "Find the faces", "Find the faces"],
  cast: ["Who is who", "Name the persons", "Look at them"],
  consent: ["Consent", "Declare it", "Look at it"],
  train: ["Model", "Train", "Train on"],
  convert: ["Output", "Convert", "Look, or convert"],
};
const ICONS = { done: "check_circle", next: "play_circle", waits: "radio_button_unchecked" };

export default {
  components: { Files },
  props: { project: String },
  template: `
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Try again</button></div>
    <p v-else-if="!state" class="soft" aria-live="polite">Opening\u2026</p>
    <template v-if="state">
      <div class="stack tight"><h1 class="break">{{ state.name }}</h1><span class="soft mono">{{ state.place }}</span></div>
      <div v-if="state.trouble" class="trouble">{{ state.trouble }}</div>
      <section class="card"><div class="row between"><h2>Next: {{ state.next }}</h2><span v-if="state.command" class="mono soft">{{ state.command }}</span></div>
        <ol class="stages"><li v-for="stage in state.stages" :class="stage.state">
          <q-icon :name="icons[stage.state]" :class="{ good: stage.state === 'done' }" size="22px" />
          <div class="stack tight" style="gap: 0"><strong>{{ names[stage.id][0] }} <span class="sr">({{ stage.state }})</span></strong><span class="soft small break">{{ stage.words }}</span></div>
          <div class="row"><a v-if="stage.id === 'faces' && stage.state === 'done'" class="b" :href="'/p/' + project + '/faces'">Look at them</a><button type="button" class="b" :class="{ first: stage.state === 'next' }" :disabled="busy" @click="act(stage.id)">{{ names[stage.id][stage.state === 'done' ? 2 : 1] }}</button></div></li></ol>
      </section>
      <section class="card"><h2>Films</h2>
        <div style="overflow: auto"><table v-if="state.sources.length"><thead><tr><th>Film</th><th>Frames</th><th>Faces</th><th>Shows</th><th>Health</th></tr></thead>
          <tbody><tr v-for="film in state.sources"><td><strong class="break">{{ film.name }}</strong><div class="soft small">{{ film.kind === 'film' ? (film.width ? film.width + ' \u00d7 ' + film.height : '') : 'face pictures' }}</div></td>
            <td>{{ film.looked_at }}<span class="soft"> of {{ film.frames || '?' }}</span></td><td>{{ film.faces }}<div class="soft small" v-if="film.found">{{ film.found }} found</div></td>
            <td class="break">{{ shows(film) }}</td>
            <td><div v-if="film.trouble" class="bad small">{{ film.trouble }}</div><div v-for="remark in film.health" class="warn small">{{ remark }}</div><span v-if="!film.trouble && !film.health.length" class="good">good</span></td></tr></tbody></table>
          <p v-else class="soft">No film yet.</p></div>
        <div class="row"><button type="button" class="b" @click="adding = true"><q-icon name="add" />Add a film</button></div>
      </section>
      <div class="cards">
        <section class="card"><h2>Persons</h2><div v-for="each in state.persons" class="row between"><span class="break">{{ each.name || each.id }}</span>
          <a :href="'/p/' + project + '/consent'" class="badge" :class="{ declared: 'good', missing: 'warn', refused: 'bad' }[each.consent]" :title="each.why">{{ each.consent }}</a></div>
          <p v-if="!state.persons.length" class="soft">Nobody is named yet.</p></section>
        <section class="card"><h2>Models</h2><div v-for="each in state.models" class="stack tight"><div class="row between"><strong>{{ each.name }}</strong><span v-if="each.score !== null" class="badge on">{{ each.score.toFixed(0) }} of 100</span></div>
          <span class="soft small break">{{ each.plugin }}, {{ each.persons.join(' and ') }}, {{ counted(each.step, 'step') }}, {{ bytes(each.n_bytes) }}</span><div v-if="each.trouble" class="bad small">{{ each.trouble }}</div></div>
          <p v-if="!state.models.length" class="soft">None yet.</p></section>
        <section class="card"><h2>Disk</h2><template v-if="disk"><div v-for="(n, what) in disk.parts" class="row between"><span>{{ what }}</span><span>{{ bytes(n) }}</span></div>
          <div class="row between"><strong>all of it</strong><strong>{{ bytes(disk.total) }}</strong></div><span class="soft small">{{ bytes(disk.free) }} are free on this disk</span></template></section>
      </div>
      <section class="card" v-if="state.renders.length"><h2>Outputs</h2><div v-for="each in state.renders" class="stack"><div class="row between"><strong class="break">{{ each.output }}</strong><span class="soft">{{ each.source }}, {{ each.model }}<span v-if="!each.made" class="bad"> \u2013 is not there</span></span></div>
        <div class="row top"><a v-for="kind in ['sheet', 'first-look']" :href="picture(each, kind)" target="_blank"><img :src="picture(each, kind)" :alt="kind + ' of ' + each.output" loading="lazy" style="max-height: 220px; border-radius: 6px" @error="$event.target.remove()"></a></div></div></section>
    </template>
    <q-dialog v-model="adding"><div class="us-dialog"><h2>Add a film</h2><Files :chosen="[]" @choose="picked = $event" />
      <div v-if="picked" class="note break">{{ picked.name }}</div>
      <label class="field"><span>Everybody in it is</span><input v-model.trim="person" maxlength="100" placeholder="a name; leave empty if there are several"></label>
      <div class="row"><button class="b first" :disabled="!picked || busy" @click="add">Add it</button><button class="b" @click="adding = false">Not now</button></div></div></q-dialog>`,
  data: () => ({ state: null, disk: null, trouble: "", busy: false, names: STAGES, icons: ICONS, adding: false, picked: null, person: "" }),
  mounted() {
    this.leave = keysOf("Overview", [
      { key: "Enter", words: "do what is next", run: () => this.next() },
      { key: "a", words: "add a film", run: () => (this.adding = true) },
    ]);
    this.load();
  },
  unmounted() {
    this.leave();
  },
  methods: {
    bytes, counted,
    picture(each, kind) {
      return `/api/v1/projects/${this.project}/renders/${part(each.id)}/${kind}.png`;
    },
    shows: (film) => Object.entries(film.shows || {}).map(([n, who]) => (n === "all" ? who : `${n}: ${who}`)).join(", "),
    next() {
      const stage = this.state?.stages.find((each) => each.state === "next");
      if (stage) this.act(stage.id);
    },
    async load() {
      this.trouble = "";
      try {
        session.project = this.state = await call(`/projects/${this.project}`);
        this.disk = await call(`/projects/${this.project}/disk`);
      } catch (error) {
        this.trouble = error.message;
      }
    },
    async act(id) {
      if (id === "films") this.adding = true;
      else if (id === "faces") this.work("extract");
      else go(`/p/${this.project}/${id}`);
    },
    async work(verb) {
      this.busy = true;
      try {
        await call(`/projects/${this.project}/jobs`, { body: { verb } });
        go("/jobs");
      } catch (error) {
        fail(error);
      }
      this.busy = false;
    },
    async add() {
      this.busy = true;
      try {
        session.project = this.state = await call(`/projects/${this.project}/films`, { body: { path: this.picked.path, person: this.person || null } });
        tell(`${this.picked.name} is added`, "good");
        this.adding = false;
        this.picked = null;
      } catch (error) {
        fail(error);
      }
      this.busy = false;
    },
  },
};
