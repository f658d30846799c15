// A room that is of one film: leads to the first one that has faces.
import { call, part, session } from "/static/api.js";

export default {
  props: { project: String },
  template: `<h1>{{ title }}</h1><div v-if="trouble" class="trouble" role="alert">{{ trouble }}</div>
    <p v-else-if="none" class="card">This project has no film yet. <a :href="'/p/' + project">Add one.</a></p>
    <p v-else class="soft" aria-live="polite">Opening\u2026</p>`,
  data: () => ({ trouble: "", none: false, title: location.pathname.endsWith("frames") ? "Frames" : "Faces" }),
  async mounted() {
    try {
      const state = session.project || (await call(`/projects/${this.project}?whole=false`));
      const films = state.sources.filter((each) => each.kind === "film");
      const film = films.find((each) => each.faces) || films[0];
      if (!film) this.none = true;
      else {
        history.replaceState(null, "", `${location.pathname}/${part(film.id)}`);
        session.path = location.pathname;
      }
    } catch (error) {
      this.trouble = error.message;
    }
  },
};
