// The train monitor: begin, stop, and watch a model learn; it goes on when the page is closed.
import { bytes, call, counted, fail, part, session, tell } from "/static/api.js";
import { keysOf } from "/static/keys.js";
import Curves from "/static/parts/curves.js";
import Settings from "/static/parts/settings.js";

const EVERY_MS = 3000;
const SWITCHES = { warp: "warp", flip: "mirror", transform: "turn and zoom", colour: "colours", masked: "inside the mask only" };

export default {
  components: { Curves, Settings },
  props: { project: String },
  template: `
    <div class="row between"><h1>Train</h1><div class="tools" v-if="state"><label>Model <select v-model="model"><option v-for="name in names" :value="name">{{ name }}</option></select></label>
      <label>New <input v-model.trim="fresh" placeholder="another name" style="width: 140px" @change="name"></label></div></div>
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Try again</button></div>
    <p v-if="!state && !trouble" class="soft" aria-live="polite">Opening\u2026</p>
    <template v-if="state">
      <section class="card"><div class="row between"><div class="row"><span class="badge" :class="learning?.job ? 'on' : ''" role="status">{{ learning?.job ? learning.state : learning?.state ? 'last: ' + learning.state : known ? 'at ' + counted(known.step, 'step') : 'not trained yet' }}</span>
          <span class="break">{{ learning?.progress }}</span></div>
          <div class="row"><button v-if="learning?.job" type="button" class="b" :disabled="busy || learning.state !== 'running'" @click="ask({ sheet: true })" data-sheet><q-icon name="photo_camera" />Draw the faces now</button><button v-if="learning?.job" type="button" class="b danger" :disabled="busy" @click="stop"><q-icon name="stop" />Save and stop</button>
            <template v-else><label class="row">for <input type="number" min="0" step="any" v-model.number="minutes" style="width: 80px" aria-label="Minutes"> minutes</label>
              <button type="button" class="b first" :disabled="busy" @click="begin"><q-icon name="play_arrow" />{{ known ? 'Go on' : 'Train' }}</button></template></div></div>
        <p class="soft">{{ advice }}</p>
        <div v-if="learning?.job && learning.state === 'running'" class="tools" role="group" aria-label="While it trains" data-live><strong>While it trains</strong>
          <label>rate <input type="number" min="0.0000001" max="0.1" step="any" :value="learning.live.learning_rate" placeholder="its own" style="width: 104px" @change="ask({ changed: { learning_rate: $event.target.value === '' ? null : Number($event.target.value) } })"></label>
          <label v-for="(words, name) in switches" class="check"><input type="checkbox" :checked="learning.live[name]" @change="ask({ changed: { [name]: $event.target.checked } })" :data-switch="name">{{ words }}</label></div>
        <details v-if="!learning?.job"><summary>Settings <span v-if="changed" class="badge on">{{ changed }} changed</span></summary><Settings verb="train" v-model="settings" /></details></section>
      <div class="split"><section class="card"><h2>Faces</h2>
          <template v-if="learning?.sheets.length || learning?.newest"><img :src="sheet" alt="Faces of the model beside those it learns from" style="border-radius: 8px">
            <label v-if="learning.sheets.length > 1" class="field"><span>{{ at === null ? 'The newest' : 'Step ' + at }}</span><input type="range" min="0" :max="learning.sheets.length" :value="at === null ? learning.sheets.length : learning.sheets.indexOf(at)" @input="at = learning.sheets[$event.target.value] ?? null" aria-label="Step of the sheet"></label></template>
          <p v-else class="soft">The first sheet comes with the first save.</p></section>
        <section class="card"><h2>Curves</h2><template v-if="curves.length"><Curves v-for="[title, some] in curves" :key="title" :title="title" :curves="some" /></template><p v-else class="soft">Loss and rate are drawn of trainings begun here, or in the queue.</p>
          <div v-if="known" class="soft small">{{ known.plugin }}, {{ known.persons.join(' and ') }}, {{ counted(known.step, 'step') }}, {{ bytes(known.n_bytes) }}<template v-if="known.score !== null">, best score {{ known.score.toFixed(0) }} of 100</template></div></section></div>
    </template>`,
  data: () => ({ state: null, learning: null, model: "", fresh: "", minutes: 30, settings: {}, at: null, trouble: "", busy: false, switches: SWITCHES }),
  computed: {
    names() {
      return [...new Set([...(this.state?.models || []).map((each) => each.name), this.model || "model"])];
    },
    known() {
      return this.state?.models.find((each) => each.name === this.model);
    },
    changed() {
      return Object.keys(this.settings).length;
    },
    base() {
      return `/projects/${this.project}/models/${part(this.model)}`;
    },
    sheet() {
      return `/api/v1${this.base}/${this.at === null ? `preview.png?${this.learning.newest}` : `previews/${this.at}.png`}`;
    },
    curves() {
      const groups = { Loss: "loss/", Score: "held_out/combined", Rate: "learning_rate" };
      return Object.entries(groups).map(([title, begins]) => [title, this.learning?.curves.filter((curve) => curve.name.startsWith(begins)) || []]).filter(([, some]) => some.length);
    },
    // In words what the score says; below are the steps that the score's guide gives.
    advice() {
      const score = this.learning?.curves.find((curve) => curve.name === "held_out/combined");
      if (this.learning?.job && !score) return "It learns; the first score comes with a later save.";
      if (!score || score.values.length < 2) return this.known ? "Train on, or convert to see how it looks." : "Choose for how long. Training can be stopped at any time and goes on where it was.";
      const [last, before] = [score.values[score.values.length - 1], Math.max(...score.values.slice(0, -1))];
      if (last > before + 0.5) return `The score rises (${last.toFixed(0)}): training on pays.`;
      if (last < before - 2) return `The score fell from ${before.toFixed(0)} to ${last.toFixed(0)}: the best save is kept, and it is the one that is converted with.`;
      return `The score stands at ${last.toFixed(0)}: more time brings little; more varied faces of the donor would.`;
    },
  },
  watch: {
    model() {
      this.at = null;
      this.look();
    },
  },
  mounted() {
    this.leave = keysOf("Train", [
      { key: "s", words: "save and stop", as: "Faceswap: Enter", run: () => this.learning?.job && this.stop() },
      { key: "d", words: "draw the faces now", run: () => this.learning?.state === "running" && this.ask({ sheet: true }) },
      { key: "p", words: "look at the newest sheet", as: "DeepFaceLab: P", run: () => ((this.at = null), this.look()) },
    ]);
    this.load();
    this.clock = setInterval(() => document.hidden || this.look(), EVERY_MS);
  },
  unmounted() {
    clearInterval(this.clock);
    this.leave();
  },
  methods: {
    bytes, counted,
    name() {
      if (this.fresh) this.model = this.fresh;
    },
    async load() {
      this.trouble = "";
      try {
        session.project = this.state = await call(`/projects/${this.project}`);
        if (!this.model) this.model = this.state.models[0]?.name || "model";
      } catch (error) {
        this.trouble = error.message;
      }
    },
    async look() {
      if (!this.model || !this.state) return;
      try {
        const before = this.learning?.job;
        this.learning = await call(`${this.base}/learning`);
        if (before && !this.learning.job) this.load();
      } catch (error) {
        if (!this.learning) fail(error);
      }
    },
    async begin() {
      this.busy = true;
      try {
        await call(`/projects/${this.project}/jobs`, { body: { verb: "train", values: { model_name: this.model }, options: { ...this.settings, "train.minutes": this.minutes } } });
        await this.look();
      } catch (error) {
        fail(error);
      }
      this.busy = false;
    },
    // Training does it between two iterations; what it cannot do it tells in its log, and stays.
    async ask(wish) {
      try {
        await call(`${this.base}/live`, { body: wish });
        tell(wish.sheet ? "Asked for; the sheet comes in a moment." : "Asked for; the next iterations go on so.", "good");
      } catch (error) {
        fail(error);
      }
      if (wish.sheet) this.at = null;
      await this.look();
    },
    async stop() {
      this.busy = true;
      try {
        await call(`/jobs/${this.learning.job}/cancel`, { method: "POST" });
      } catch (error) {
        fail(error);
      }
      this.busy = false;
    },

  },
};
