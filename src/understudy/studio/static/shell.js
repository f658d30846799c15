// The frame around every view: where one is, where one can go, light and dark, and the keys.
import { defineAsyncComponent } from "vue";
import { call, go, session } from "/static/api.js";
import { keysOf, onKey, sheet } from "/static/keys.js";

const view = (name) => defineAsyncComponent(() => import(`/static/views/${name}.js`));
const KEY = "([0-9a-f]{16})";
const ROUTES = [
  [/^\/$/, view("projects")],
  [/^\/welcome$/, view("welcome")],
  [/^\/new$/, view("create")],
  [/^\/jobs$/, view("jobs")],
  [/^\/verify$/, view("verify")],
  [new RegExp(`^/p/${KEY}$`), view("overview"), ["project"]],
  [new RegExp(`^/p/${KEY}/(?:faces|frames)$`), view("pick"), ["project"]],
  [new RegExp(`^/p/${KEY}/frames/([^/]+)$`), view("frames"), ["project", "film"]],
  [new RegExp(`^/p/${KEY}/faces/([^/]+)$`), view("faces"), ["project", "film"]],
  [new RegExp(`^/p/${KEY}/train$`), view("train"), ["project"]],
  [new RegExp(`^/p/${KEY}/convert$`), view("convert"), ["project"]],
  [new RegExp(`^/p/${KEY}/cast$`), view("cast"), ["project"]],
  [new RegExp(`^/p/${KEY}/consent$`), view("consent"), ["project"]],
];
const ROOMS = [
  ["", "dashboard", "Overview"],
  ["/faces", "face", "Faces"],
  ["/frames", "edit", "Frames"],
  ["/cast", "groups", "Cast"],
  ["/consent", "handshake", "Consent"],
  ["/train", "model_training", "Train"],
  ["/convert", "movie", "Convert"],
];
const PLACES = [
  ["/", "folder_open", "Projects", "p"],
  ["/jobs", "checklist", "Jobs", "j"],
  ["/verify", "verified_user", "Verify a file", "v"],
  ["/welcome", "help_outline", "How it works", "h"],
];
const THEMES = ["auto", "light", "dark"];

export default {
  template: `
    <div class="us">
      <a class="skip" href="#main">To the content</a>
      <nav class="rail no-print" aria-label="Studio" @click="follow">
        <a class="brand" href="/"><img src="/static/understudy.svg" alt=""><span class="word">Understudy</span></a>
        <a v-for="[path, icon, word] in places" :href="path" :title="word"
           :aria-current="path === at ? 'page' : null">
          <q-icon :name="icon" /><span class="word">{{ word }}</span>
          <span v-if="path === '/jobs' && session.running" class="badge on">{{ session.running }}</span></a>
        <template v-if="project">
          <div class="title" :title="session.project?.name">{{ session.project?.name || 'Project' }}</div>
          <a v-for="[path, icon, word] in rooms" :href="'/p/' + project + path" :title="word"
             :aria-current="inRoom(path) ? 'page' : null">
            <q-icon :name="icon" /><span class="word">{{ word }}</span></a>
        </template>
        <div class="space"></div>
        <button type="button" @click="turn" :title="'Colours: ' + theme">
          <q-icon :name="themeIcon" /><span class="word">Colours: {{ theme }}</span></button>
        <button type="button" @click="sheet.shown = true" title="Keys">
          <q-icon name="keyboard" /><span class="word">Keys</span><kbd class="badge">?</kbd></button>
      </nav>
      <main id="main" class="main" :class="{ whole }" tabindex="-1" @click="follow">
        <component v-if="found" :is="found.view" v-bind="found.props" :key="at" />
        <div v-else class="card"><h1>There is no such page</h1><p><a href="/">To the projects</a></p></div>
      </main>
      <q-dialog v-model="sheet.shown">
        <div class="us-dialog" role="document">
          <h2>Keys</h2>
          <template v-for="group in sheet.groups">
            <h3>{{ group.title }}</h3>
            <div class="keys"><div v-for="each in group.list">
              <span><template v-for="(key, n) in [].concat(each.key)"><template v-if="n"> </template><kbd>{{ key }}</kbd></template></span>
              <span>{{ each.words }} <span v-if="each.as" class="soft small">({{ each.as }})</span></span>
            </div></div>
          </template>
        </div>
      </q-dialog>
    </div>`,
  data: () => ({ session, sheet, theme: localStorage.getItem("understudy-colours") || "auto", places: PLACES, rooms: ROOMS }),
  computed: {
    at() {
      return this.session.path;
    },
    found() {
      for (const [pattern, component, names = []] of ROUTES) {
        const match = pattern.exec(this.at);
        if (!match) continue;
        const props = Object.fromEntries(names.map((name, n) => [name, decodeURIComponent(match[n + 1])]));
        return { view: component, props };
      }
      return null;
    },
    project() {
      return this.found?.props.project || null;
    },
    whole() {
      return /^\/p\/\w+\/(faces|frames)/.test(this.at);
    },
    themeIcon() {
      return { auto: "brightness_auto", light: "light_mode", dark: "dark_mode" }[this.theme];
    },
  },
  watch: {
    project: { immediate: true, handler: "name" },
    theme: { immediate: true, handler: "paint" },
    at() {
      document.getElementById("main").scrollTop = 0;
    },
  },
  mounted() {
    addEventListener("keydown", onKey);
    addEventListener("popstate", () => (this.session.path = location.pathname));
    keysOf("Everywhere", [
      { key: "?", words: "this sheet", run: () => (this.sheet.shown = true) },
      { key: "Escape", words: "close, or let go" },
      ...PLACES.map(([path, , word, key]) => ({ key: `Alt+${key}`, words: word.toLowerCase(), run: () => go(path) })),
      { key: "Alt+1 \u2026 9", words: "rooms of the project" },
      { key: "Alt+c", words: "colours: auto, light, dark", run: this.turn },
    ]);
    const rooms = keysOf("", ROOMS.map(([path], n) => ({ key: `Alt+${n + 1}`, words: "", run: () => this.project && go(`/p/${this.project}${path}`) })));
    void rooms;
  },
  methods: {
    inRoom(path) {
      const here = this.at.slice(`/p/${this.project}`.length);
      return path ? here.startsWith(path) : !here;
    },
    follow(event) {
      const link = event.target.closest("a[href]");
      if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      const href = link.getAttribute("href");
      if (!href.startsWith("/") || href.startsWith("/api/") || link.target || link.hasAttribute("download")) return;
      event.preventDefault();
      go(href);
    },
    turn() {
      this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    },
    paint() {
      localStorage.setItem("understudy-colours", this.theme);
      Quasar.Dark.set(this.theme === "auto" ? "auto" : this.theme === "dark");
    },
    async name() {
      this.session.project = null;
      document.title = "Understudy";
      if (!this.project) return;
      const key = this.project;
      try {
        const told = await call(`/projects/${key}?whole=false`);
        if (this.project !== key) return;
        this.session.project = told;
        document.title = `${told.name} \u2013 Understudy`;
      } catch {
        // the view says what is wrong
      }
    },
  },
};
