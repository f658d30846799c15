// What a file says of itself, for anybody: drop it, and read.
import { bytes, call } from "/static/api.js";

const STATES = {
  ours: ["verified", "good", "Made and signed here, and not changed since"],
  stranger: ["verified_user", "warn", "Signed by somebody else, and not changed since"],
  altered: ["gpp_bad", "bad", "Changed after it was signed"],
  none: ["help", "", "It carries no credentials"],
  unreadable: ["broken_image", "bad", "It cannot be read"],
};

export default {
  template: `
    <h1>Verify a file</h1>
    <p class="soft">A film or picture that Understudy made says so itself: that it was made, from what, and with whose consent. The file is read on this machine and not kept.</p>
    <label class="card drop" :class="{ over }" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="over = false; read($event.dataTransfer.files)">
      <q-icon name="upload_file" size="40px" /><strong>Drop a file here, or choose one</strong><input type="file" class="sr" multiple @change="read($event.target.files)"></label>
    <section v-for="each in read_" class="card" :data-state="each.verdict?.state">
      <div class="row between"><h2 class="break">{{ each.name }}</h2><span class="soft small">{{ bytes(each.size) }}</span></div>
      <p v-if="!each.verdict && !each.trouble" class="soft" aria-live="polite">Reading\u2026</p>
      <div v-if="each.trouble" class="trouble" role="alert">{{ each.trouble }}</div>
      <template v-if="each.verdict">
        <div class="row" :class="state(each)[1]" role="status"><q-icon :name="state(each)[0]" size="28px" /><strong>{{ state(each)[2] }}</strong></div>
        <p v-for="sentence in each.verdict.sentences" class="break">{{ sentence }}</p>
        <template v-if="each.verdict.disclosure"><h3>What it says of the people in it</h3><table><tbody>
          <tr v-for="[name, value] in rows(each.verdict.disclosure)"><th scope="row">{{ name }}</th><td class="break">{{ value }}</td></tr></tbody></table></template>
        <template v-if="each.verdict.ingredients.length"><h3>Made from</h3><ul><li v-for="from in each.verdict.ingredients" class="break">{{ from.title || 'a file without a name' }} <span class="soft">{{ from.relationship }}</span></li></ul></template>
        <details v-if="each.verdict.codes.length"><summary>For those who know C2PA</summary><span class="mono">{{ each.verdict.codes.join(', ') }}</span></details>
      </template>
    </section>`,
  data: () => ({ over: false, read_: [] }),
  methods: {
    bytes,
    state: (each) => STATES[each.verdict.state] || STATES.none,
    rows(disclosure, before = "") {
      return Object.entries(disclosure).flatMap(([name, value]) => {
        const words = before + name.replaceAll("_", " ");
        if (Array.isArray(value)) return value.flatMap((v, n) => (typeof v === "object" ? this.rows(v, `${words} ${n + 1}: `) : [[words, String(v)]]));
        return value && typeof value === "object" ? this.rows(value, `${words}: `) : [[words, String(value)]];
      });
    },
    async read(files) {
      for (const file of files) {
        this.read_.unshift({ name: file.name, size: file.size, verdict: null, trouble: "" });
        const shown = this.read_[0];
        const sent = new FormData();
        sent.append("file", file);
        try {
          shown.verdict = await call("/verify", { method: "POST", raw: sent });
        } catch (error) {
          shown.trouble = error.message;
        }
      }
    },
  },
};
