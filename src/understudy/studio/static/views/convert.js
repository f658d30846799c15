// Converting: who becomes whom, with which settings; and what was made, beside what it was made from.
import { call, fail, go, part, session } from "/static/api.js";
import { keysOf } from "/static/keys.js";
import Settings from "/static/parts/settings.js";

const LEAVE = "leave";
const LOOKS = { wipe: "wipe", both: "side by side", swap: "swap", source: "source", difference: "difference" };

export default {
  components: { Settings },
  props: { project: String },
  template: `
    <h1>Convert</h1>
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Try again</button></div>
    <p v-if="!state && !trouble" class="soft" aria-live="polite">Opening\u2026</p>
    <template v-if="state">
      <section v-if="made.length" class="card"><div class="row between"><h2>What was made</h2><div class="tools"><select v-model="shown" aria-label="Output"><option v-for="each in made" :value="each.id">{{ each.output }}</option></select>
          <select v-model="how" aria-label="How it is shown"><option v-for="(words, id) in looks" :value="id">{{ words }}</option></select>
          <label v-if="how === 'wipe'"><input type="range" min="0" max="100" v-model.number="wipe" aria-label="Where the wipe is"></label></div></div>
        <div v-if="render" class="player" :class="how"><img v-if="how !== 'swap'" :src="picture('source')" alt="The source's frame"><img v-if="how !== 'source'" :src="picture('swap')" alt="The frame that was made" :style="how === 'wipe' ? { clipPath: 'inset(0 0 0 ' + wipe + '%)' } : {}"></div>
        <div class="row"><button type="button" class="b icon" @click="step(-1)" title="Frame before"><q-icon name="chevron_left" /></button><button type="button" class="b icon" @click="step(1)" title="Next frame"><q-icon name="chevron_right" /></button>
          <input type="range" min="0" :max="frames - 1" v-model.number="at" style="flex: 1" aria-label="Frame"><span class="soft">{{ at }} of {{ frames }}</span></div>
        <div class="split"><div class="stack"><h3>With its sound</h3><video v-if="playable" :src="'/api/v1' + base + '/film'" controls preload="metadata" style="max-width: 100%; border-radius: 8px"></video><p v-else class="soft small">A browser cannot play this kind of file; it lies at {{ render?.output }}.</p></div>
          <div class="stack"><h3>What the file says of itself</h3><p v-if="!credentials" class="soft small">Reading\u2026</p><template v-else><span class="badge" :class="{ ours: 'good', stranger: 'warn' }[credentials.state] || 'bad'" style="align-self: start" data-credentials>{{ credentials.state }}</span>
            <span v-for="words in credentials.sentences" class="small break">{{ words }}</span></template></div></div></section>
      <section class="card"><h2>A new one</h2>
        <p v-if="!models.length" class="soft">A model is wanted first. <a :href="'/p/' + project + '/train'">Train one.</a></p>
        <form v-else class="stack" @submit.prevent="begin">
          <div class="tools"><label>Film <select v-model="film"><option v-for="each in films" :value="each.id">{{ each.name }}</option></select></label>
            <label>Model <select v-model="model"><option v-for="each in models" :value="each.name">{{ each.name }}{{ each.score === null ? '' : ', ' + each.score.toFixed(0) + ' of 100' }}</option></select></label>
            <label>Output <input v-model.trim="output" required maxlength="200" style="width: 260px"></label></div>
          <div v-for="one in found" class="row"><img v-if="one.face" :src="'/api/v1/projects/' + project + '/films/' + encode(film) + '/faces/' + encode(one.face) + '.jpg?px=64'" width="48" height="48" alt="" style="border-radius: 6px">
            <label class="row"><span class="break">{{ one.person ? called(one.person) : 'person ' + one.number }} becomes</span><select v-model="becomes[one.number]"><option :value="leave">nobody else; leave the face</option><option v-for="person in chosenModel?.persons || []" :value="person">{{ called(person) }}</option></select></label></div>
          <div v-if="trying" class="player both"><img :src="trialSource" alt="The source's frame"><img v-if="trial" :src="trial" alt="The frame as these settings make it"></div>
          <div class="row"><button type="button" class="b" :aria-pressed="trying" @click="trying = !trying"><q-icon name="visibility" />Try on a frame</button>
            <template v-if="trying"><input type="range" min="0" :max="trialFrames - 1" v-model.number="trialAt" style="flex: 1" aria-label="Frame to try on"><span class="soft small" role="status">frame {{ trialAt }}<template v-if="took">, made in {{ took }} ms</template></span></template></div>
          <details v-if="doubts" class="review" @toggle="trying = trying || $event.target.open"><summary>Frames to review <span class="badge" :class="doubts.length ? 'warn' : 'good'">{{ doubts.length }}</span></summary>
            <p v-if="!doubts.length" class="soft small">Nothing in this film's faces is unusual.</p>
            <ul v-else class="scroll" style="max-height: 220px; overflow: auto; margin: 0; padding: 0; list-style: none"><li v-for="one in doubts.slice(0, 500)" class="row"><button type="button" class="b flat small" :aria-pressed="trialAt === one.frame" @click="trialAt = one.frame">frame {{ one.frame }}</button><span class="small break" style="flex: 1">{{ one.reasons.join("; ") }}</span><a class="small" :href="'/p/' + project + '/frames/' + encode(film) + '?frame=' + one.frame">edit</a></li></ul>
            <p v-if="doubts.length > 500" class="soft small">The first 500 are listed; the command line lists all: understudy alignments review.</p></details>
          <details :open="trying"><summary>Settings <span v-if="Object.keys(settings).length" class="badge on">{{ Object.keys(settings).length }} changed</span></summary><Settings verb="convert" v-model="settings" /></details>
          <div v-if="refusal" class="trouble" role="alert">{{ refusal }}</div>
          <div class="row"><button class="b first" :disabled="busy || !film || !model"><q-icon name="movie" />Put it into the queue</button></div></form></section>
    </template>`,
  data: () => ({ state: null, cast: null, trouble: "", refusal: "", busy: false, shown: "", how: "wipe", wipe: 50, at: 0, credentials: null, film: "", model: "", output: "", becomes: {}, settings: {}, trying: false, trial: "", trialAt: 0, took: 0, doubts: null, leave: LEAVE, looks: LOOKS }),
  computed: {
    made() {
      return (this.state?.renders || []).filter((each) => each.made);
    },
    render() {
      return this.made.find((each) => each.id === this.shown);
    },
    base() {
      return `/projects/${this.project}/renders/${part(this.shown)}`;
    },
    playable() {
      return /\.(mp4|mov|webm)$/i.test(this.render?.output || "");
    },
    frames() {
      return this.state?.sources.find((each) => each.id === this.render?.source)?.looked_at || 1;
    },
    films() {
      return (this.state?.sources || []).filter((each) => each.kind === "film" && each.faces);
    },
    models() {
      return (this.state?.models || []).filter((each) => each.persons.length);
    },
    chosenModel() {
      return this.models.find((each) => each.name === this.model);
    },
    trialFrames() {
      return this.films.find((each) => each.id === this.film)?.looked_at || 1;
    },
    trialSource() {
      return `/api/v1/projects/${this.project}/films/${part(this.film)}/frames/${this.trialAt}.jpg?px=960`;
    },
    casting() {
      return this.found.map((one) => `${one.number}=${this.becomes[one.number] || LEAVE}`);
    },
    wish() {
      return this.trying && this.film && this.model && this.found.length ? JSON.stringify({ source: this.film, model_name: this.model, cast: this.casting, options: this.settings, index: this.trialAt, px: 960 }) : "";
    },
    found() {
      return this.cast?.films.find((each) => each.film === this.film)?.found || [];
    },
  },
  watch: {
    shown: "read",
    film: ["propose", "doubt"],
    model: "propose",
    cast: "propose",
    wish: "attempt",
  },
  mounted() {
    this.leaveKeys = keysOf("Convert", [
      { key: ["ArrowRight", "."], words: "next frame", as: "DeepFaceLab: .", run: () => this.step(1) },
      { key: ["ArrowLeft", ","], words: "frame before", as: "DeepFaceLab: ,", run: () => this.step(-1) },
      { key: "t", words: "source, or swap", run: () => (this.how = this.how === "source" ? "swap" : "source") },
      { key: "w", words: "the wipe", run: () => (this.how = "wipe") },
      { key: "d", words: "the difference", run: () => (this.how = "difference") },
    ]);
    this.load();
  },
  unmounted() {
    this.leaveKeys();
  },
  methods: {
    encode: part,
    called(id) {
      return this.state.persons.find((each) => each.id === id)?.name || id;
    },
    async load() {
      this.trouble = "";
      try {
        session.project = this.state = await call(`/projects/${this.project}`);
        this.shown = this.made[this.made.length - 1]?.id || "";
        this.model = this.models[0]?.name || "";
        this.film = this.films[0]?.id || "";
        this.cast = await call(`/projects/${this.project}/cast`);
      } catch (error) {
        this.trouble = error.message;
      }
    },
    async read() {
      this.credentials = null;
      this.at = Math.floor(this.frames / 2);
      const wanted = this.shown;
      if (!wanted) return;
      try {
        const told = await call(`${this.base}/credentials`);
        if (this.shown === wanted) this.credentials = told;
      } catch (error) {
        if (this.shown === wanted) this.credentials = { state: "not read", sentences: [error.message] };
      }
    },
    async doubt() {
      this.doubts = null;
      const film = this.film;
      if (!film) return;
      try {
        const told = await call(`/projects/${this.project}/films/${part(film)}/review`);
        if (this.film === film) this.doubts = told;
      } catch (error) {
        fail(error);
      }
    },
    picture(which) {
      if (which === "source") return `/api/v1/projects/${this.project}/films/${part(this.render.source)}/frames/${this.at}.jpg?px=1280`;
      return `/api/v1${this.base}/frames/${this.at}.jpg?px=1280`;
    },
    step(by) {
      this.at = Math.max(0, Math.min(this.frames - 1, this.at + by));
    },
    // The other person of the model for whoever is seen: what most people want.
    propose() {
      const persons = this.chosenModel?.persons || [];
      this.becomes = Object.fromEntries(this.found.map((one) => [one.number, (one.person && persons.find((each) => each !== one.person)) || LEAVE]));
      if (this.film && this.model) this.output = `${this.film}-${this.model}.mp4`;
    },
    // One at a time: what was asked for meanwhile is asked for when the last one came.
    async attempt() {
      if (!this.wish || this.asks) return;
      this.asks = this.wish;
      const began = performance.now();
      try {
        const answer = await fetch(`/api/v1/projects/${this.project}/try`, { method: "POST", body: this.asks, headers: { "content-type": "application/json" } });
        if (!answer.ok) throw new Error((await answer.json()).message || `The studio answered ${answer.status}.`);
        if (this.trial) URL.revokeObjectURL(this.trial);
        this.trial = URL.createObjectURL(await answer.blob());
        this.took = Math.round(performance.now() - began);
        this.refusal = "";
      } catch (error) {
        this.refusal = error.message;
      }
      const asked = this.asks;
      this.asks = null;
      if (this.wish && this.wish !== asked) this.attempt();
    },
    async begin() {
      this.busy = true;
      this.refusal = "";
      try {
        await call(`/projects/${this.project}/jobs`, { body: { verb: "convert", values: { source: this.film, model_name: this.model, output: this.output, cast: this.casting }, options: this.settings } });
        go("/jobs");
      } catch (error) {
        this.refusal = error.message;
      }
      this.busy = false;
    },
  },
};
