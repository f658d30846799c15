// How it works, in four steps, with pictures of people who do not exist.
import { call, fail, go } from "/static/api.js";

const STEPS = [
  ["faces", "Find the faces", "Add the films, at least one of each person. Understudy finds every face, follows it through each shot and tells the persons apart."],
  ["consent", "Say who they are", "Name each person, and declare on what basis the face may be used. Nothing is made of anybody without it."],
  ["train", "Train a model", "A model learns both faces. Watch it learn, stop when it is good; it goes on later where it was."],
  ["convert", "Convert", "The face is replaced, film and sound stay. The file says itself that it was made, from what, and with whose consent."],
];

export default {
  props: { first: Boolean },
  template: `
    <div class="stack"><h1>{{ first ? 'Welcome to the studio' : 'How it works' }}</h1>
      <p class="soft">Replace a face in a film with that of another person who agreed to it. These two do not exist.</p></div>
    <ol class="cards four" style="list-style: none; margin: 0; padding: 0">
      <li v-for="([name, title, words], n) in steps" class="card">
        <img :src="'/static/demo/' + name + '.jpg'" :alt="title" style="border-radius: 6px; aspect-ratio: 16 / 10; object-fit: cover">
        <h2>{{ n + 1 }}. {{ title }}</h2><p>{{ words }}</p></li>
    </ol>
    <div class="row">
      <a class="b first" href="/new"><q-icon name="add" />New project</a>
      <button class="b" type="button" :disabled="busy" @click="demo"><q-icon name="auto_awesome" />Make the demo</button>
      <label class="check">training <select v-model.number="minutes"><option :value="0">none, one minute in all</option><option :value="1">1 minute</option><option :value="15">15 minutes</option></select></label>
    </div>
    <p class="soft small">The demo films two people who do not exist, swaps one face, and measures the result against the truth. It is put into the folder <span class="mono">demo</span> and goes on when you close this page.</p>`,
  data: () => ({ steps: STEPS, minutes: 0, busy: false }),
  methods: {
    async demo() {
      this.busy = true;
      try {
        await call("/demo", { body: { folder: "demo", minutes: this.minutes, frames: this.minutes ? 200 : 40 } });
        go("/jobs");
      } catch (error) {
        fail(error);
      }
      this.busy = false;
    },
  },
};
