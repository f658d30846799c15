// Settings of a stage as a form, made from their declarations: only what was changed is sent.
import { call, fail } from "/static/api.js";

export default {
  props: { verb: String, modelValue: Object },
  emits: ["update:modelValue"],
  template: `
    <div class="stack">
      <div class="row"><input v-model="search" placeholder="Search the settings" aria-label="Search the settings" style="flex: 1">
        <label class="check small"><input type="checkbox" v-model="all"> all of them</label></div>
      <div v-for="each in shown" class="setting">
        <label class="field"><span>{{ name(each) }} <span v-if="each.path in modelValue" class="badge on">changed</span></span>
          <select v-if="each.choices.length || each.kind === 'bool'" :value="text(each)" @change="set(each, $event.target.value)"><option v-if="each.optional" value=""></option><option v-for="word in each.kind === 'bool' ? ['true', 'false'] : each.choices" :value="word">{{ word }}</option></select>
          <input v-else :type="each.many || each.kind === 'str' ? 'text' : 'number'" step="any" :min="each.low" :max="each.high" :value="text(each)" @change="set(each, $event.target.value)"></label>
        <span class="soft small">{{ each.help }}<template v-if="each.unit"> In {{ each.unit }}.</template></span>
        <button v-if="each.path in modelValue" type="button" class="b flat small" @click="set(each, null)">As it was</button>
      </div>
      <p v-if="!shown.length" class="soft small">No setting of this name.</p>
    </div>`,
  data: () => ({ declared: [], search: "", all: false }),
  computed: {
    shown() {
      const words = this.search.toLowerCase();
      return this.declared.filter((each) => (words ? (each.path + each.help).toLowerCase().includes(words) : this.all || each.common || each.path in this.modelValue));
    },
  },
  async mounted() {
    try {
      this.declared = await call(`/options/${this.verb}`);
      if (!this.declared.some((each) => each.common)) this.all = true;
    } catch (error) {
      fail(error);
    }
  },
  methods: {
    name: (each) => each.path.split(".").slice(1).join(" ").replaceAll("_", " "),
    text(each) {
      const value = each.path in this.modelValue ? this.modelValue[each.path] : each.default;
      return value === null || value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);
    },
    set(each, typed) {
      const next = { ...this.modelValue };
      const usual = each.default === null ? "" : Array.isArray(each.default) ? each.default.join(", ") : String(each.default);
      if (typed === null || typed === usual) delete next[each.path];
      else next[each.path] = this.value(each, typed);
      this.$emit("update:modelValue", next);
    },
    value(each, typed) {
      const one = (word) => (each.kind === "bool" ? word === "true" : each.kind === "str" ? word : Number(word));
      if (typed === "" && each.optional) return null;
      return each.many ? typed.split(",").map((word) => one(word.trim())) : one(typed);
    },
  },
};
