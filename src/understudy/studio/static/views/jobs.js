// The queue, live: what runs, what waits and in which order, what is over; and what each told.
import { call, fail, lasted, session, when } from "/static/api.js";
import { keysOf } from "/static/keys.js";

const ORDER = { running: 0, waiting: 1 };
const COLOURS = { running: "on", waiting: "", done: "good", failed: "bad", cancelled: "warn" };
const MOST_LINES = 2000;

export default {
  template: `
    <div class="row between"><h1>Jobs</h1><span class="badge" :class="live ? 'good' : 'warn'" role="status">{{ live ? 'live' : 'not connected; trying again' }}</span></div>
    <p v-if="jobs && !jobs.length" class="card">The queue is empty. What is begun on these pages, or queued in a terminal with <span class="mono">understudy jobs</span>, appears in this list.</p>
    <p v-if="!jobs" class="soft" aria-live="polite">Looking into the queue\u2026</p>
    <div class="stack">
      <section v-for="(job, n) in sorted" class="card job" :class="{ chosen: job.id === chosen }" :data-job="job.id" @click="chosen = job.id">
        <div class="row between"><div class="row"><span class="badge" :class="colours[job.state]">{{ job.state === 'waiting' ? 'waits, ' + place(job) : job.cancel_asked ? 'is to stop' : job.state }}</span>
            <h2 class="break">{{ job.words }}</h2><span class="soft small">job {{ job.id }}</span><a v-if="job.project" :href="'/p/' + job.project">open the project</a></div>
          <div class="row"><button v-if="open(job)" type="button" class="b" :disabled="job.cancel_asked" @click.stop="cancel(job)"><q-icon name="stop" />Cancel</button>
            <button v-else type="button" class="b" @click.stop="retry(job)"><q-icon name="replay" />{{ job.state === 'done' ? 'Again' : 'Go on' }}</button>
            <button type="button" class="b" :aria-pressed="shown === job.id" @click.stop="log(job)"><q-icon name="notes" />Log</button></div></div>
        <template v-if="job.state === 'running'"><div class="bar" role="progressbar" :aria-valuenow="share(job)" aria-valuemin="0" aria-valuemax="100"><i :style="{ width: share(job) + '%' }"></i></div>
          <div class="row between small soft"><span>{{ job.progress || 'begins\u2026' }}</span><span>{{ job.device }}, since {{ lasted(now - job.started_s) }}</span></div></template>
        <div v-else class="small soft">{{ job.ended_s ? when(job.ended_s) + (job.started_s ? ', took ' + lasted(job.ended_s - job.started_s) : '') : 'added ' + when(job.added_s) }}</div>
        <div v-if="job.message" class="small break" :class="{ trouble: job.state === 'failed' }" style="white-space: pre-line">{{ job.message }}</div>
        <div v-if="shown === job.id" class="log mono" role="log" ref="log"><div v-for="line in lines" :class="line.level">{{ line.text }}</div><div v-if="!lines.length" class="soft">It has told nothing yet.</div></div>
      </section>
    </div>`,
  data: () => ({ jobs: null, live: false, chosen: null, shown: null, lines: [], now: Date.now() / 1000, colours: COLOURS }),
  computed: {
    sorted() {
      const rank = (job) => ORDER[job.state] ?? 2;
      return [...(this.jobs || [])].sort((a, b) => rank(a) - rank(b) || (rank(a) === 2 ? b.id - a.id : a.id - b.id));
    },
    job() {
      return this.sorted.find((each) => each.id === this.chosen);
    },
    waiting() {
      return this.sorted.filter((job) => job.state === "waiting");
    },
  },
  mounted() {
    this.source = new EventSource("/api/v1/jobs/stream");
    this.source.addEventListener("jobs", (event) => {
      this.jobs = JSON.parse(event.data);
      this.live = true;
      session.running = this.jobs.filter(this.open).length;
    });
    this.source.onerror = () => (this.live = false);
    this.clock = setInterval(() => (this.now = Date.now() / 1000), 1000);
    const on = (act) => () => this.job && act(this.job);
    this.leave = keysOf("Jobs", [
      { key: ["j", "ArrowDown"], words: "next job", run: () => this.step(1) },
      { key: ["k", "ArrowUp"], words: "job before", run: () => this.step(-1) },
      { key: "l", words: "its log", run: on(this.log) },
      { key: "Delete", words: "cancel it", run: on((job) => this.open(job) && this.cancel(job)) },
      { key: "r", words: "let it go on", run: on((job) => this.open(job) || this.retry(job)) },
    ]);
  },
  unmounted() {
    this.source.close();
    this.told?.close();
    clearInterval(this.clock);
    this.leave();
  },
  methods: {
    when, lasted,
    open: (job) => job.state === "running" || job.state === "waiting",
    share: (job) => Number(/\((\d+) %\)/.exec(job.progress)?.[1] || 0),
    place(job) {
      const n = this.waiting.indexOf(job);
      return n ? `${n + 1}. in line` : "next";
    },
    step(by) {
      const ids = this.sorted.map((job) => job.id);
      const at = ids.indexOf(this.chosen);
      this.chosen = ids[Math.min(ids.length - 1, Math.max(0, at + by))];
      document.querySelector(`[data-job="${this.chosen}"]`)?.scrollIntoView({ block: "nearest" });
    },
    async cancel(job) {
      try {
        await call(`/jobs/${job.id}/cancel`, { method: "POST" });
      } catch (error) {
        fail(error);
      }
    },
    async retry(job) {
      try {
        await call(`/jobs/${job.id}/retry`, { method: "POST" });
      } catch (error) {
        fail(error);
      }
    },
    log(job) {
      this.told?.close();
      this.lines = [];
      this.shown = this.shown === job.id ? null : job.id;
      if (this.shown === null) return;
      this.told = new EventSource(`/api/v1/jobs/${job.id}/stream`);
      this.told.addEventListener("told", (event) => this.hear(JSON.parse(event.data)));
      this.told.addEventListener("over", () => this.told.close());
    },
    hear(event) {
      if (!event.text) return;
      this.lines.push({ text: event.text, level: { warning: "warn", error: "bad" }[event.level] || "" });
      if (this.lines.length > MOST_LINES) this.lines.shift();
      this.$nextTick(() => {
        const box = [].concat(this.$refs.log || [])[0];
        if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 120) box.scrollTop = box.scrollHeight;
      });
    },
  },
};
