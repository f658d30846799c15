// All projects at a glance, or how it works where there is none yet.
import { call, counted, fail, go } from "/static/api.js";
import { keysOf } from "/static/keys.js";
import Welcome from "/static/views/welcome.js";

export default {
  components: { Welcome },
  template: `
    <Welcome v-if="projects && !projects.length" first />
    <template v-else>
      <div class="row between"><h1>Projects</h1>
        <a class="b first" href="/new"><q-icon name="add" />New project</a></div>
      <div v-if="trouble" class="trouble" role="alert">{{ trouble }} <button class="b" @click="load">Try again</button></div>
      <p v-else-if="!projects" class="soft" aria-live="polite">Looking into the folders\u2026</p>
      <div class="cards">
        <a v-for="each in projects" class="card" :href="'/p/' + each.key">
          <div class="stack tight"><h2 class="break">{{ each.name }}</h2><span class="soft small break">{{ each.place }}</span></div>
          <div v-if="each.trouble" class="trouble small">{{ each.trouble }}</div>
          <template v-else>
            <div class="row small soft"><span>{{ counted(each.sources.length, 'film') }}</span><span>{{ counted(each.persons.length, 'person') }}</span><span>{{ counted(each.renders.filter(r => r.made).length, 'output') }}</span></div>
            <div class="bar" :title="done(each) + ' of ' + each.stages.length + ' stages done'"><i :style="{ width: 100 * done(each) / each.stages.length + '%' }"></i></div>
            <div><span class="soft">Next:</span> {{ each.next }}</div>
          </template>
        </a>
      </div>
    </template>`,
  data: () => ({ projects: null, trouble: "" }),
  mounted() {
    this.leave = keysOf("Projects", [{ key: "n", words: "a new project", run: () => go("/new") }]);
    this.load();
  },
  unmounted() {
    this.leave();
  },
  methods: {
    counted,
    done: (each) => each.stages.filter((s) => s.state === "done").length,
    async load() {
      this.trouble = "";
      try {
        this.projects = await call("/projects");
      } catch (error) {
        this.trouble = error.message;
        fail(error);
      }
    },
  },
};
