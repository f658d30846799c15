// A new project: its name, its films, and whom each shows.
import { bytes, call, go, tell } from "/static/api.js";
import Files from "/static/parts/files.js";

export default {
  components: { Files },
  template: `
    <h1>New project</h1>
    <form class="split" @submit.prevent="make">
      <section class="card"><h2>1. Choose the films</h2>
        <p class="soft">Two or more: the film to change, and films of whoever's face goes in.</p>
        <Files :chosen="films.map(f => f.path)" @choose="add" @moved="folder = $event" /></section>
      <section class="card"><h2>2. Say whom they show</h2>
        <p v-if="!films.length" class="soft">Chosen films appear here.</p>
        <div v-for="(film, n) in films" class="stack tight">
          <div class="row between"><strong class="break">{{ film.name }}</strong><span class="row"><span class="soft small">{{ film.n_bytes ? bytes(film.n_bytes) : film.kind }}</span>
            <button type="button" class="b icon flat" :aria-label="'Leave ' + film.name + ' out'" @click="films.splice(n, 1)"><q-icon name="close" /></button></span></div>
          <label class="field"><span>Everybody in it is</span><input v-model.trim="film.person" list="persons" maxlength="100" placeholder="a name; leave empty if there are several"></label>
        </div>
        <datalist id="persons"><option v-for="name in names" :value="name"></option></datalist>
        <hr style="border: 0; border-top: 1px solid var(--line); width: 100%">
        <label class="field"><span>Name of the project</span><input v-model.trim="name" required maxlength="100" placeholder="the-short-film"></label>
        <span class="soft small break">It is put into {{ folder }}.</span>
        <div v-if="trouble" class="trouble" role="alert">{{ trouble }}</div>
        <div class="row"><button class="b first" :disabled="busy || !name || films.length < 1">Make it</button>
          <span v-if="films.length === 1" class="soft small">With one film nobody can be swapped; more can be added later.</span></div>
      </section>
    </form>`,
  data: () => ({ films: [], name: "", folder: "", trouble: "", busy: false }),
  computed: {
    names() {
      return [...new Set(this.films.map((f) => f.person).filter(Boolean))];
    },
  },
  methods: {
    bytes,
    add(entry) {
      if (!this.films.some((f) => f.path === entry.path)) this.films.push({ ...entry, person: "" });
      if (!this.name) this.name = entry.name.replace(/\.[^.]*$/, "");
    },
    async make() {
      this.busy = true;
      this.trouble = "";
      try {
        const made = await call("/projects", { body: { folder: `${this.folder}/${this.name.replace(/[\\/]/g, "-")}`, new: true } });
        for (const film of this.films) {
          try {
            await call(`/projects/${made.key}/films`, { body: { path: film.path, person: film.person || null } });
          } catch (error) {
            tell(`${film.name}: ${error.message}`, "bad");
          }
        }
        go(this.names.length ? `/p/${made.key}/consent` : `/p/${made.key}`);
      } catch (error) {
        this.trouble = error.message;
      }
      this.busy = false;
    },
  },
};
