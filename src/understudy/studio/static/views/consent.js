// Who agreed to what: a form that takes less than a minute, cards to print, and the log.
import { call, fail, part, session, tell } from "/static/api.js";

const EMPTY = { name: "", basis: "", adult: false, intimate: false, scope: "", purpose: "", declared_by: "", overwrite: false };

export default {
  props: { project: String },
  template: `
    <div class="row between"><h1>Consent</h1><button type="button" class="b no-print" @click="print"><q-icon name="print" />Print the cards</button></div>
    <p class="soft no-print">Nothing is made of a person without a declaration. It is yours: it stays in this project, and outputs carry its basis, scope and purpose, never the name.</p>
    <div v-if="trouble" class="trouble" role="alert">{{ trouble }}</div>
    <p v-if="cards && !cards.length" class="card">Nobody is named in this project yet. <a :href="'/p/' + project + '/cast'">Say who is in the films</a>, or add a film of one person.</p>
    <div class="cards" style="grid-template-columns: repeat(auto-fill, minmax(380px, 1fr))">
      <section v-for="card in cards" class="card" :data-person="card.person">
        <div class="row between"><h2 class="break">{{ card.name || card.person }}</h2>
          <span class="badge" :class="card.why ? (card.declared.length ? 'bad' : 'warn') : 'good'">{{ card.why ? (card.declared.length ? 'refused' : 'missing') : 'declared' }}</span></div>
        <div v-if="card.why && card.declared.length" class="trouble small">{{ card.why }}</div>
        <table v-for="each in card.declared"><tbody>
          <tr><th scope="row">Who</th><td class="break">{{ each.name }}</td></tr>
          <tr><th scope="row">Basis</th><td>{{ each.basis }}: {{ choices.bases[each.basis] }}</td></tr>
          <tr><th scope="row">Scope</th><td class="break">{{ each.scope }}</td></tr>
          <tr><th scope="row">Purpose</th><td>{{ each.purpose }}</td></tr>
          <tr><th scope="row">Declared</th><td class="break">{{ new Date(each.declared_at).toLocaleString() }}, by {{ each.declared_by }}</td></tr>
          <tr v-if="each.expires"><th scope="row">Ends</th><td>{{ each.expires }}</td></tr>
          <tr v-if="each.revoked_at"><th scope="row">Taken back</th><td>{{ each.revoked_at }}</td></tr>
        </tbody></table>
        <form v-if="open === card.person" class="stack" @submit.prevent="declare(card)">
          <label class="field"><span>Who is it?</span><input v-model.trim="form.name" required maxlength="200" ref="first"></label>
          <fieldset class="field" style="border: 0; padding: 0; margin: 0"><span>On what basis may the face be used?</span>
            <label v-for="(words, basis) in choices.bases" class="check"><input type="radio" v-model="form.basis" name="basis" :value="basis" required><span><strong>{{ basis }}</strong> <span class="soft">{{ words }}</span></span></label></fieldset>
          <label class="check"><input type="checkbox" v-model="form.adult"><span>This person is of age</span></label>
          <label class="check"><input type="checkbox" v-model="form.intimate"><span>The footage is intimate or sexual</span></label>
          <label class="field"><span>What does the consent cover?</span><input v-model.trim="form.scope" required maxlength="300" placeholder="a film's title, a lesson"></label>
          <label class="field"><span>For what purpose?</span><select v-model="form.purpose" required><option v-for="each in purposes" :value="each">{{ each }}</option></select></label>
          <label class="field"><span>Who declares this?</span><input v-model.trim="form.declared_by" required maxlength="200"></label>
          <label v-if="!card.why" class="check"><input type="checkbox" v-model="form.overwrite"><span>Replace the declaration that holds</span></label>
          <div v-if="refusal" class="trouble" role="alert">{{ refusal }}</div>
          <div class="row"><button class="b first" :disabled="busy">Declare</button><button type="button" class="b" @click="open = ''">Not now</button></div>
        </form>
        <div v-else class="row no-print"><button type="button" class="b" :class="{ first: card.why }" @click="begin(card)">{{ card.declared.length ? 'Declare anew' : 'Declare' }}</button>
          <button v-if="card.declared.some(d => !d.revoked_at)" type="button" class="b danger" @click="revoking = card">Take back\u2026</button></div>
      </section>
    </div>
    <section class="card no-print"><h2>Log</h2>
      <p class="soft small">Each line holds the hash of the line before; outputs name the last one.</p>
      <div style="overflow: auto; max-height: 340px"><table><thead><tr><th>#</th><th>When</th><th>What</th><th>Facts</th></tr></thead>
        <tbody><tr v-for="line in audit"><td>{{ line.number }}</td><td style="white-space: nowrap">{{ new Date(line.at).toLocaleString() }}</td><td>{{ line.event }}</td><td class="small"><div v-for="[name, value] in facts(line)" class="break"><span class="soft">{{ name }}</span> <span :title="value">{{ short(value) }}</span></div></td></tr></tbody></table></div>
    </section>
    <q-dialog :model-value="!!revoking" @update:model-value="revoking = null"><div class="us-dialog" v-if="revoking"><h2>Take the consent of {{ revoking.name || revoking.person }} back?</h2>
      <p>From today on nothing is trained or converted with this person. What was made stays; to erase what holds them, use <span class="mono">understudy forget</span>.</p>
      <div class="row"><button class="b danger" @click="revoke">Take it back</button><button class="b" @click="revoking = null">No</button></div></div></q-dialog>`,
  data: () => ({ cards: null, choices: { bases: {}, purposes: [] }, audit: [], open: "", form: { ...EMPTY }, refusal: "", trouble: "", busy: false, revoking: null, last: null }),
  computed: {
    purposes() {
      return this.choices.purposes.filter((p) => this.form.basis !== "historic-education" || p !== "parody");
    },
  },
  async mounted() {
    try {
      [this.choices, this.cards] = await Promise.all([call("/consent"), call(`/projects/${this.project}/consent`)]);
      const first = this.cards.find((card) => !card.declared.length);
      if (first) this.begin(first);
    } catch (error) {
      this.trouble = error.message;
    }
    this.log();
  },
  methods: {
    print: () => window.print(),
    facts: (line) => Object.entries(line.facts).map(([k, v]) => [k.replaceAll("_", " "), typeof v === "object" ? JSON.stringify(v) : String(v)]),
    // Of a digest its beginning tells two apart; the whole one is in the log, and over it.
    short: (value) => (/^[0-9a-f]{40,}$/.test(value) ? `${value.slice(0, 12)}\u2026` : value),
    begin(card) {
      // What was said of one is likely true of the next; age and kind of footage are never proposed.
      const { basis, scope, purpose, declared_by } = this.last || EMPTY;
      this.form = { ...EMPTY, basis, scope, purpose, declared_by, name: card.name };
      this.refusal = "";
      this.open = card.person;
    },
    async declare(card) {
      this.busy = true;
      this.refusal = "";
      try {
        this.cards = await call(`/projects/${this.project}/consent/${part(card.person)}`, { method: "PUT", body: this.form });
        this.last = this.form;
        this.open = "";
        tell("Declared", "good");
        const next = this.cards.find((each) => !each.declared.length);
        if (next) this.begin(next);
        session.project = await call(`/projects/${this.project}`);
      } catch (error) {
        this.refusal = error.message;
      }
      this.busy = false;
      this.log();
    },
    async revoke() {
      try {
        this.cards = await call(`/projects/${this.project}/consent/${part(this.revoking.person)}/revoke`, { method: "POST" });
      } catch (error) {
        fail(error);
      }
      this.revoking = null;
      this.log();
    },
    async log() {
      try {
        this.audit = (await call(`/projects/${this.project}/audit`)).reverse();
      } catch (error) {
        this.trouble = error.message;
      }
    },
  },
};
